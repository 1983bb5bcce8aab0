//! Measures what claims in a DynamoDB table add to a job.

use crate::callback_handler::{job, settings};
use crate::figures::{Pair, Row, Verdict, milliseconds, times};
use crate::function::Function;
use crate::programs::Programs;
use crate::{Counts, archives, progress};
use bytes::Bytes;
use runtask_simulator::{Options, Simulator};
use runtask_tests::aws;
use runtask_tests::moto::Moto;

const TABLE: &str = "claims";
const FILES: usize = 10;

pub(crate) async fn measure(programs: &Programs, counts: &Counts) -> anyhow::Result<Vec<Row>> {
    let rounds =
        counts.configurations.iter().find(|(files, _)| *files == FILES).map_or(5, |(_, rounds)| *rounds);
    progress(&format!("claims: {rounds} jobs of {FILES} files, in memory and in a table"));
    let simulator = Simulator::start(Options::default()).await?;
    let moto = Moto::start().await;
    aws::create_table(moto.endpoint(), TABLE).await;
    let in_memory = settings(programs, &simulator);
    let endpoint = ("AWS_ENDPOINT_URL_DYNAMODB", moto.endpoint().to_owned());
    let in_table = [&in_memory[..], &[("RUNTASK_TABLE", TABLE.to_owned()), endpoint]].concat();
    let (mut memory, _) = Function::start(&programs.callback_handler, &in_memory).await?;
    let (mut table, _) = Function::start(&programs.callback_handler, &in_table).await?;
    let archive = Bytes::from(archives::configuration(FILES)?);
    let mut pair = Pair::default();
    // The first round is to warm up.
    for round in 0..=rounds {
        let floor = job(&simulator, &mut memory, &archive).await?;
        let ours = job(&simulator, &mut table, &archive).await?;
        if round > 0 {
            pair.floor.push(floor);
            pair.ours.push(ours);
        }
    }
    Ok(vec![Row {
        what: format!("callback handler: event to final result, {FILES} files, claims in a table (moto)"),
        ratio: times(pair.ratio()),
        must: "–".to_owned(),
        verdict: Verdict::Reported,
        ours: milliseconds(pair.ours.median()),
        floor: format!("claims in memory: {}", milliseconds(pair.floor.median())),
    }])
}
