//! Small types that cannot hold a wrong value. Each refuses with the rule that was broken.

use std::net::IpAddr;

use super::checked::checked;

checked!(
    /// A tenant's name: a DNS label of at most 40 characters that starts with a letter. Forty leaves room for the
    /// prefix of the namespace (63) and for the hash in the name of the role (64).
    TenantName,
    |text| {
        if text.len() > 40 {
            return Err(format!("`{text}` has {} characters; at most 40 are allowed", text.chars().count()));
        }
        dns_label(text, true)
    }
);

checked!(
    /// An image reference. Only what no reference may hold is refused: the registry is the judge of the rest.
    Image,
    |text| {
        let named = text.contains([':', '@', '/']);
        match text.chars().find(|c| c.is_whitespace() || c.is_control()) {
            _ if text.is_empty() => Err("an image reference is empty".into()),
            Some(c) => Err(format!("`{text}` is not an image reference: it holds {}", shown(c))),
            None => match text.chars().find(|c| c.is_ascii_uppercase() && !named) {
                Some(c) => Err(format!("`{text}` is not an image reference: it holds {}, and names are lower case", shown(c))),
                None => Ok(()),
            }
        }
    }
);

checked!(
    /// A host name that an ALB rule takes: at most 128 characters, at least one dot, only letters after the last one.
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html>
    Host,
    |text| {
        if text.len() > 128 {
            return Err(format!("host `{text}` has {} characters; a load balancer rule takes 128", text.len()));
        }
        let (rest, last) =
            text.rsplit_once('.').ok_or_else(|| format!("host `{text}` has no dot"))?;
        if last.is_empty() || !last.bytes().all(|b| b.is_ascii_lowercase()) {
            return Err(format!("host `{text}`: only lower-case letters may follow the last dot"));
        }
        rest.split('.').try_for_each(|label| dns_label(label, false)).map_err(|why| format!("host `{text}`: {why}"))
    }
);

checked!(
    /// The name of an ingress class. A label and the load balancer's group hold it too, so it is a DNS label.
    ClassName,
    |text| dns_label(text, false)
);

checked!(
    /// An absolute path in a URL: starts with `/`, visible ASCII, at most 128 characters, no query.
    UrlPath,
    |text| {
        let wrong = text.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '?' | '#' | '*' | '"' | '\\'));
        match wrong {
            _ if !text.starts_with('/') => Err(format!("path `{text}` does not start with `/`")),
            _ if text.len() > 128 => Err(format!("path `{text}` is longer than 128 characters")),
            Some(c) => Err(format!("path `{text}` holds {}", shown(c))),
            None => Ok(()),
        }
    }
);

checked!(
    /// The name of an environment variable that every container runtime takes.
    EnvName,
    |text| {
        let valid = |(at, c): (usize, char)| c.is_ascii_alphabetic() || c == '_' || (at > 0 && c.is_ascii_digit());
        match text.chars().enumerate().find(|item| !valid(*item)) {
            _ if text.is_empty() => Err("the name of a variable is empty".into()),
            Some((_, c)) => Err(format!("variable `{text}` holds {}; letters, digits and `_` are allowed", shown(c))),
            None => Ok(()),
        }
    }
);

checked!(
    /// Text that YAML can carry: no control characters besides line feed and tab, no non-characters.
    Text,
    |text| {
        let wrong = |c: &char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(u32::from(*c) & 0xffff, 0xfffe | 0xffff);
        match text.chars().find(wrong) {
            Some(c) => Err(format!("a value holds {}, which YAML cannot carry", shown(c))),
            None => Ok(()),
        }
    }
);

checked!(
    /// A block of IPv4 or IPv6 addresses.
    Cidr,
    |text| {
        let parsed = text.split_once('/').and_then(|(address, length)| {
            let limit = match address.parse::<std::net::IpAddr>().ok()? {
                std::net::IpAddr::V4(_) => 32,
                std::net::IpAddr::V6(_) => 128,
            };
            length.parse::<u8>().ok().filter(|length| *length <= limit)
        });
        parsed.map(|_| ()).ok_or_else(|| format!("`{text}` is not an address block such as 10.0.0.0/20"))
    }
);

impl Cidr {
    /// Whether the block holds the address of the instance metadata service, where a pod finds its node's role. Of the
    /// whole address space the template leaves it out.
    pub fn reaches_metadata(&self) -> bool {
        const METADATA: [&str; 2] = ["169.254.169.254", "fd00:ec2::254"];
        let Some((address, length)) = self.0.split_once('/') else {
            return false;
        };
        let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u32>()) else {
            return false;
        };
        let bits = |address: IpAddr| match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 4),
            IpAddr::V6(address) => (u128::from(address), 6),
        };
        let (network, family) = bits(address);
        let mask = if length == 0 {
            0
        } else {
            u128::MAX << (128 - length)
        };
        let inside = |metadata: &&str| {
            metadata
                .parse()
                .map(bits)
                .is_ok_and(|(metadata, of)| of == family && metadata & mask == network & mask)
        };
        length > 0 && METADATA.iter().any(inside)
    }
}

/// Names a character so that it can be found in an editor.
pub(super) fn shown(c: char) -> String {
    if c.is_control() || c.is_whitespace() {
        format!("U+{:04X}", u32::from(c))
    } else {
        format!("`{c}`")
    }
}

/// RFC 1123 label, or RFC 1035 where it must start with a letter.
fn dns_label(text: &str, letter_first: bool) -> Result<(), String> {
    let name = text.escape_debug();
    if let Some((at, c)) = text
        .chars()
        .enumerate()
        .find(|(_, c)| !c.is_ascii_lowercase() && !c.is_ascii_digit() && *c != '-')
    {
        let why = if c.is_ascii_uppercase() {
            "upper case is not allowed"
        } else {
            "use a-z, 0-9 and `-`"
        };
        return Err(format!(
            "`{name}` holds {} at character {}: {why}",
            shown(c),
            at + 1
        ));
    }
    match (text.chars().next(), text.chars().last()) {
        (None, _) => Err("`` is empty".into()),
        (Some(c), _) if letter_first && !c.is_ascii_lowercase() => Err(format!(
            "`{name}` starts with `{c}`: it must start with a letter"
        )),
        (Some('-'), _) => Err(format!("`{name}` starts with `-`")),
        (_, Some('-')) => Err(format!("`{name}` ends with `-`")),
        _ if text.len() > 63 => Err(format!("`{name}` is longer than 63 characters")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(name: &str) -> String {
        name.parse::<TenantName>().unwrap_err()
    }

    #[test]
    fn a_wrong_tenant_name_is_refused_with_the_rule_and_the_character() {
        insta::assert_snapshot!(
            [refusal("Acme"), refusal("ac_me"), refusal("9acme"), refusal("acme-"), refusal(""), refusal(&"a".repeat(41))].join("\n"),
            @r"
        `Acme` holds `A` at character 1: upper case is not allowed
        `ac_me` holds `_` at character 3: use a-z, 0-9 and `-`
        `9acme` starts with `9`: it must start with a letter
        `acme-` ends with `-`
        `` is empty
        `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` has 41 characters; at most 40 are allowed
        ");
    }

    #[test]
    fn names_that_yaml_would_misread_are_fine() {
        for name in ["on", "no", "null", "true", "y"] {
            assert!(name.parse::<TenantName>().is_ok(), "{name}");
        }
    }

    #[test]
    fn blocks_that_hold_the_metadata_service_are_told_from_others() {
        let reaches = |text: &str| text.parse::<Cidr>().unwrap().reaches_metadata();
        for block in [
            "169.254.169.254/32",
            "169.254.0.0/16",
            "128.0.0.0/1",
            "fd00:ec2::/32",
            "fd00::/8",
        ] {
            assert!(reaches(block), "{block}");
        }
        for block in [
            "10.0.0.0/8",
            "169.253.0.0/16",
            "0.0.0.0/0",
            "::/0",
            "2001:db8::/32",
            "169.254.170.23/32",
        ] {
            assert!(!reaches(block), "{block}");
        }
    }

    #[test]
    fn hosts_follow_the_load_balancers_rules() {
        assert!("acme.mcp.example.com".parse::<Host>().is_ok());
        for wrong in [
            "acme",
            "acme.example.c0m",
            "Acme.example.com",
            "a..com",
            "acme.example.",
            &format!("{}.com", "a.".repeat(70)),
        ] {
            assert!(wrong.parse::<Host>().is_err(), "{wrong}");
        }
    }

    proptest! {
    #![proptest_config(crate::testing::same_cases())]

        #[test]
        fn no_text_panics_and_what_is_a_name_is_a_dns_label(text in "[-a-z0-9A-Z]{0,45}|\\PC{0,45}") {
            if let Ok(name) = text.parse::<TenantName>() {
                prop_assert_eq!(name.as_str(), text.as_str());
                let label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                prop_assert!(text.len() <= 40 && text.bytes().all(label) && !text.ends_with('-'));
                prop_assert!(text.starts_with(|c: char| c.is_ascii_lowercase()));
            }
        }
    }
}
