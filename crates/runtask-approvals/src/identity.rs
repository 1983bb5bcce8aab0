//! Says who answers: by a sign-in with OpenID Connect, or by what a proxy in front of us says.
//!
//! Everything here ends in an [`Identity`](crate::Identity), or in a refusal that says why. What an identity may do, it does not know.
//!
//! Two libraries do what is not ours: `oauth2` the flow, `jsonwebtoken` the signatures, over `ring`. `openidconnect` would do
//! both, and cannot be had without `rsa` (RUSTSEC-2023-0071).

mod alb_keys;
mod claims;
mod cookie;
mod discovery;
mod easy_auth;
mod fetch;
mod kept;
mod key_set;
mod link_cookie;
mod provider;
mod proxy;
mod random;
mod return_path;
mod ring_provider;
mod session;
mod settings;
mod sign_in;
mod token;
mod token_error;

pub use cookie::SetCookie;
pub use easy_auth::easy_auth_identity;
pub(crate) use link_cookie::{link_cookie, read_link_cookie};
pub use provider::PersonError;
pub use proxy::{ProxyError, ProxySettings, ProxySignIn};
pub use return_path::ReturnPath;
pub use session::{SESSION, Session, SessionError, Sessions};
pub use settings::{IssuerUrl, IssuerUrlError, OidcSettings, Provider};
pub use sign_in::{Arrival, CALLBACK_PATH, Departure, OidcSignIn, SignInError};
pub use token_error::TokenError;
