//! Content that is compressed once and for all, not for each who asks.

use std::io::{Read, Write};

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::answer::{Answer, Media};
use crate::error::{Error, Result};

/// A text or a file, compressed, with its media type.
#[derive(Clone, Debug)]
pub struct Packed {
    bytes: Bytes,
    media: &'static str,
}

impl Packed {
    /// What was compressed when the binary was built.
    pub fn embedded(bytes: &'static [u8], media: &'static str) -> Self {
        Self { bytes: Bytes::from_static(bytes), media }
    }

    /// Compresses a text.
    ///
    /// # Errors
    /// INTERNAL: it cannot be compressed.
    pub fn of(text: &str, media: &'static str) -> Result<Self> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text.as_bytes()).map_err(Error::internal)?;
        Ok(Self { bytes: encoder.finish().map_err(Error::internal)?.into(), media })
    }

    /// A weak tag: the content is the same in every encoding.
    pub fn tag(&self) -> String {
        format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&self.bytes)))
    }

    /// The content as the client takes it.
    pub fn answer(&self, headers: &HeaderMap) -> Response<Body> {
        if takes_gzip(headers) {
            return ([(CONTENT_TYPE, self.media), (CONTENT_ENCODING, "gzip")], self.bytes.clone()).into_response();
        }
        match self.unpacked() {
            Ok(plain) => ([(CONTENT_TYPE, self.media)], plain).into_response(),
            Err(error) => Answer::failed(error).into_response(Media::Json),
        }
    }

    fn unpacked(&self) -> Result<Vec<u8>> {
        let mut plain = Vec::new();
        GzDecoder::new(&*self.bytes).read_to_end(&mut plain).map_err(Error::internal)?;
        Ok(plain)
    }
}

/// Does the client take gzip? A weight of zero says no (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let listed = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    listed.flat_map(|list| list.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches(['q', 'Q', '=']).parse::<f32>();
        name.trim().eq_ignore_ascii_case("gzip") && weight.unwrap_or(1.0) > 0.0
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_sent_to_who_takes_it() {
        for (accepted, taken) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000, *", false),
            ("identity", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(takes_gzip(&headers), taken, "{accepted}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn what_is_packed_can_be_unpacked() {
        assert_eq!(Packed::of("type Query", "text/plain").unwrap().unpacked().unwrap(), b"type Query");
    }
}
