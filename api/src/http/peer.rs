//! Which network address a request comes from. Behind a proxy every connection is the proxy's; it says in a header whom
//! it speaks for. Anybody can write such a header, so it is believed from the proxies of the configuration only. Rate
//! limits, the throttle of sign-ins and the log all take the address from here.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use axum::http::header::FORWARDED;
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// The header that most proxies write.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The network address of a request; none where it did not come over a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub Option<IpAddr>);

impl Peer {
    /// Behind this connection, with these headers.
    pub fn of(connection: Option<IpAddr>, headers: &HeaderMap, proxies: &[IpNet]) -> Self {
        Self(connection.map(|connection| {
            let connection = connection.to_canonical();
            if !is_proxy(connection, proxies) {
                if headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED) {
                    say_once(connection);
                }
                return connection;
            }
            let listed = told(headers, &X_FORWARDED_FOR, address);
            let forwarded = told(headers, &FORWARDED, forwarded_for);
            match (nearest(&listed, proxies), nearest(&forwarded, proxies)) {
                (Some(one), None) | (None, Some(one)) => one,
                // A proxy writes one of the two and passes the other on as the client wrote it. Which is which is not known.
                (Some(one), Some(other)) if one == other => one,
                _ => connection,
            }
        }))
    }
}

/// Perhaps it is a proxy that nobody has told us of; then all who come through it seem to be one.
fn say_once(connection: IpAddr) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tracing::warn!(
            %connection,
            "requests from this address say that they come from elsewhere, which is not believed; if it is a proxy of \
             yours, name it in TRIBUTARY_TRUSTED_PROXIES"
        );
    });
}

/// Is this the address of a proxy that is believed?
pub fn is_proxy(address: IpAddr, proxies: &[IpNet]) -> bool {
    proxies.iter().any(|network| network.contains(&address.to_canonical()))
}

/// What a header tells, the nearest last; none stands for what cannot be read.
fn told(headers: &HeaderMap, name: &HeaderName, read: fn(&str) -> Option<IpAddr>) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
    lines.flat_map(|line| line.split(',')).map(|part| read(part.trim())).collect()
}

/// The first address, seen from us, that is no proxy of ours; the farthest proxy if there is no other. What stands behind
/// something unreadable could be anybody's invention.
fn nearest(told: &[Option<IpAddr>], proxies: &[IpNet]) -> Option<IpAddr> {
    let mut nearest = None;
    for address in told.iter().rev() {
        nearest = Some((*address)?);
        if nearest.is_some_and(|address| !is_proxy(address, proxies)) {
            break;
        }
    }
    nearest
}

/// `for=` of an element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(node.trim().trim_matches('"'))
}

/// An address, perhaps in brackets, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let plain = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(plain).or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn peer(connection: &str, headers: &[(&'static str, &'static str)]) -> String {
        let proxies: Vec<IpNet> =
            ["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.7/32"].map(|network| network.parse().unwrap()).into();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Peer::of(Some(connection.parse().unwrap()), &map, &proxies).0.unwrap().to_string()
    }

    #[test]
    fn only_proxies_are_believed() {
        let told = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1")];
        assert_eq!(peer("203.0.113.9", &told), "203.0.113.9");
        assert_eq!(peer("10.1.2.3", &told), "198.51.100.1");
        assert_eq!(peer("::ffff:10.1.2.3", &told), "198.51.100.1");
        assert_eq!(peer("2001:db8:1::5", &told), "198.51.100.1");
        assert_eq!(peer("10.1.2.3", &[]), "10.1.2.3");
        assert_eq!(Peer::of(None, &HeaderMap::new(), &[]), Peer(None));
    }

    #[test]
    fn the_last_address_that_is_no_proxy_counts() {
        for (told, found) in [
            ("198.51.100.1", "198.51.100.1"),
            ("6.6.6.6, 198.51.100.1", "198.51.100.1"),
            ("6.6.6.6, 198.51.100.1, 192.0.2.7", "198.51.100.1"),
            ("198.51.100.1:4711", "198.51.100.1"),
            ("[2001:db8:2::9]:4711", "2001:db8:2::9"),
            ("2001:db8:2::9", "2001:db8:2::9"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
            ("10.9.9.9, 10.8.8.8", "10.9.9.9"),
            // What cannot be read ends the chain: the proxy itself is all that is known.
            ("198.51.100.1, unknown", "10.1.2.3"),
            ("198.51.100.1, unknown, 10.8.8.8", "10.1.2.3"),
            ("", "10.1.2.3"),
            ("<script>", "10.1.2.3"),
        ] {
            let value: &'static str = told;
            assert_eq!(peer("10.1.2.3", &[("x-forwarded-for", value)]), found, "{told}");
        }
        // Several lines are one list.
        let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "198.51.100.1")];
        assert_eq!(peer("10.1.2.3", &lines), "198.51.100.1");
    }

    #[test]
    fn forwarded_is_read_as_its_specification_says() {
        for (told, found) in [
            ("for=198.51.100.1", "198.51.100.1"),
            ("For=\"[2001:db8:2::9]:4711\"", "2001:db8:2::9"),
            ("for=6.6.6.6;proto=http, proto=https; for=198.51.100.1 ;by=10.1.2.3", "198.51.100.1"),
            ("for=_hidden", "10.1.2.3"),
            ("proto=https", "10.1.2.3"),
        ] {
            assert_eq!(peer("10.1.2.3", &[("forwarded", told)]), found, "{told}");
        }
    }

    #[test]
    fn of_two_headers_that_differ_neither_is_believed() {
        let told = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=6.6.6.6")];
        assert_eq!(peer("10.1.2.3", &told), "10.1.2.3");
    }
}
