//! Starts both Lambda functions of this package: with settings of the environment, of the tasks' file and of Parameter
//! Store, and approvals in a table.

use crate::handler::ApprovalHandler;
use crate::settings::HandlerSettings;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use runtask_approvals::{PublicAddress, UnixTime};
use runtask_aws::TableDocuments;
use runtask_client::{ClientError, ClientSettings};
use runtask_lambda::{aws, fetch_tasks, lookup, now, read_approvals_key, read_secrets, start};
use runtask_log::{Chain, event};
use runtask_settings::{SettingsReader, numbers};
use runtask_setup::{Asking, client_settings};
use std::error::Error;
use std::time::Duration;
use tokio::sync::OnceCell;
use tracing::error;

const DAY: Duration = Duration::from_hours(24);

/// Stands for an address that is not known before the first request, while settings are read.
const NOWHERE: &str = "https://pages.invalid";

/// Everything that a function starts with.
#[derive(Debug, Clone)]
pub struct Start {
    settings: HandlerSettings,
    client: ClientSettings,
    store: TableDocuments,
    audit_kept: Duration,
    knows_its_address: bool,
}

impl Start {
    /// Starts logging and reads the settings, the tasks' file and every secret.
    ///
    /// # Errors
    ///
    /// What could not be read, or everything that is wrong with the settings, by name.
    pub async fn read() -> Result<Self, Box<dyn Error + Send + Sync>> {
        start();
        let aws = aws();
        let tasks = fetch_tasks(&aws).await?;
        let key = read_approvals_key(&aws).await?;
        let mut reader = SettingsReader::new(&lookup);
        let asking = Asking::read(&mut reader, tasks, now());
        reader.finish()?;
        let asking =
            asking.ok_or("no task of the tasks' file asks people: [tasks.NAME.approval] is missing")?;
        let (secrets, failed) = read_secrets(asking.settings.services.parameters(), &aws).await;
        if !failed.is_empty() {
            let failed = failed.iter().map(|(url, error)| format!("{url}: {}", Chain(error)));
            return Err(failed.collect::<Vec<_>>().join("; ").into());
        }
        let set = |name: &str| lookup(name).filter(|it| !it.is_empty());
        let lookup = |name: &str| {
            let secret = key.get(name).or_else(|| secrets.get(name));
            let known = secret.or_else(|| set(name));
            known.or_else(|| (name == "BASE_PUBLIC_URL").then(|| NOWHERE.to_owned()))
        };
        let mut reader = SettingsReader::new(&lookup);
        let settings = HandlerSettings::read(&mut reader, &asking, true);
        let client = client_settings(&mut reader);
        let table = reader.required("RUNTASK_APPROVALS_TABLE", "it is the table in which approvals are kept");
        let days = reader.count(&numbers::APPROVALS_AUDIT_DAYS);
        reader.finish()?;
        let settings = settings.ok_or("the settings of approvals are not complete")?;
        Ok(Self {
            settings,
            client,
            store: TableDocuments::new(&aws, table),
            audit_kept: DAY * u32::try_from(days)?,
            knows_its_address: set("BASE_PUBLIC_URL").is_some(),
        })
    }

    /// What answers, at the address that is set or at this domain.
    fn at(
        mut self,
        domain: Option<&str>,
    ) -> Result<ApprovalHandler<TableDocuments>, Box<dyn Error + Send + Sync>> {
        if !self.knows_its_address {
            let domain = domain.ok_or("nobody says at which address the pages are: set BASE_PUBLIC_URL")?;
            self.settings.address = PublicAddress::new(&format!("https://{domain}"))?;
        }
        Ok(self.handler()?)
    }

    /// What sweeps. Links in what it sends lead to `BASE_PUBLIC_URL`, so that must be set.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub fn sweep(self) -> Result<ApprovalHandler<TableDocuments>, Box<dyn Error + Send + Sync>> {
        self.at(None)
    }

    fn handler(self) -> Result<ApprovalHandler<TableDocuments>, ClientError> {
        let Self { settings, client, store, audit_kept, .. } = self;
        ApprovalHandler::new(settings, &client, store, Some(audit_kept), unix_now)
    }
}

/// The clock.
fn unix_now() -> UnixTime {
    now().into()
}

/// The pages, which may learn from the first request at which address they are: a function cannot be told its own URL,
/// which is made after it. AWS says it with each request, and nobody else can.
#[derive(Debug)]
pub struct Pages {
    start: Start,
    handler: OnceCell<ApprovalHandler<TableDocuments>>,
}

impl Pages {
    /// The pages, with everything that they start with.
    #[must_use]
    pub const fn new(start: Start) -> Self {
        Self { start, handler: OnceCell::const_new() }
    }

    /// Answers a request that came to this domain.
    pub async fn answer<B>(&self, request: Request<B>, domain: Option<&str>) -> Response<Bytes>
    where
        B: Body<Data: Send> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        match self.handler.get_or_try_init(async || self.start.clone().at(domain)).await {
            Ok(handler) => handler.answer(request).await,
            Err(error) => {
                error!(event = event::FUNCTION_NOT_STARTED, error = %Chain(&*error), "there are no pages");
                let mut response = Response::new(Bytes::from_static(b"unavailable"));
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response
            }
        }
    }
}
