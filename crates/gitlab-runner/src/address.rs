//! The address of a repository, with and without the token in it.

/// An address, taken apart.
#[derive(Clone)]
pub(crate) struct Address {
    /// The address without user and token.
    pub(crate) plain: String,
    /// `https://`, …
    scheme: String,
    /// Host and port.
    host: String,
    /// User and token, as they stand in the address; empty where there are none.
    user: String,
}

impl Address {
    /// Takes `SCHEME://USER:TOKEN@HOST/PATH` apart. `None` where it is no such address, or holds what no address does.
    pub(crate) fn parse(address: &str) -> Option<Self> {
        if address.chars().any(|it| it.is_control() || it == '"' || it == '\\' || it == ' ') {
            return None;
        }
        let (scheme, rest) = address.split_once("://")?;
        if scheme.is_empty() || !scheme.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'+') {
            return None;
        }
        let (authority, path) = rest.split_once('/')?;
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        Some(Self {
            plain: format!("{scheme}://{host}/{path}"),
            scheme: format!("{scheme}://"),
            host: host.to_owned(),
            user: user.to_owned(),
        })
    }

    /// The user and the token, which nobody may see; empty where there are none.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Settings of git that put the token into every address of this host; with `force`, into its SSH addresses too.
    pub(crate) fn credentials(&self, force: bool) -> String {
        let Self { scheme, host, user, .. } = self;
        if user.is_empty() {
            return String::new();
        }
        let mut settings = format!("[url \"{scheme}{user}@{host}/\"]\n\tinsteadOf = \"{scheme}{host}/\"\n");
        if force {
            let name = host.split(':').next().unwrap_or(host);
            settings
                .push_str(&format!("\tinsteadOf = \"git@{name}:\"\n\tinsteadOf = \"ssh://git@{name}/\"\n"));
        }
        settings
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Address").field(&self.plain).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_taken_out_of_the_address() {
        let address =
            Address::parse("https://gitlab-ci-token:a@b@gitlab.example.com:8443/sub/infra/network.git")
                .unwrap();
        assert_eq!(address.plain, "https://gitlab.example.com:8443/sub/infra/network.git");
        assert_eq!(address.user(), "gitlab-ci-token:a@b");
        assert_eq!(format!("{address:?}"), format!("Address({:?})", address.plain));
        insta::assert_snapshot!(address.credentials(true), @r#"
        [url "https://gitlab-ci-token:a@b@gitlab.example.com:8443/"]
        	insteadOf = "https://gitlab.example.com:8443/"
        	insteadOf = "git@gitlab.example.com:"
        	insteadOf = "ssh://git@gitlab.example.com/"
        "#);
        let address = Address::parse("file:///srv/network.git").unwrap();
        assert_eq!((&*address.plain, &*address.credentials(true)), ("file:///srv/network.git", ""));
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in
            ["", "x", "https://host", "https://h\"\n/x", "--upload-pack=id", "ext::sh -c id/x", "://h/x"]
        {
            assert!(Address::parse(text).is_none(), "{text}");
        }
    }
}
