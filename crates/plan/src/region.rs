//! Names of AWS regions.

use toml::de::DeValue;

use crate::section::Fault;
use crate::text::{meant, quoted};
use crate::value::text;

/// Regions of AWS as of 2026, to recognise misspelt ones. A region that is newer is only warned about.
const KNOWN: &str = "\
    af-south-1 \
    ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 \
    ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 \
    ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 \
    ca-central-1 ca-west-1 \
    cn-north-1 cn-northwest-1 \
    eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 \
    eusc-de-east-1 \
    il-central-1 \
    me-central-1 me-south-1 \
    mx-central-1 \
    sa-east-1 \
    us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-west-1 us-west-2";

/// The regions that are known.
pub(crate) fn known() -> impl Iterator<Item = &'static str> {
    KNOWN.split_whitespace()
}

/// The name of an AWS region; one that is well formed but unknown passes here.
pub(crate) fn name(value: &DeValue<'_>) -> Result<String, Fault> {
    let region = text(value, 30)?;
    let parts: Vec<_> = region.split('-').collect();
    let fits = match parts.as_slice() {
        [area, middle @ .., number] if !middle.is_empty() => {
            let letters = |part: &&str| part.len() >= 2 && part.chars().all(|c| c.is_ascii_lowercase());
            let digits = number.len() <= 2 && number.chars().all(|c| c.is_ascii_digit());
            letters(area) && middle.iter().all(letters) && digits && !number.is_empty()
        }
        _ => false,
    };
    if fits {
        return Ok(region);
    }
    let guess = zone_region(&region).or_else(|| meant(&region, known()));
    let mend = guess.map_or_else(
        || "write the region's code, such as `ca-central-1`".to_owned(),
        |guess| format!("did you mean `{guess}`?"),
    );
    Err(Fault::new(format!("`{}` is not the name of a region", quoted(&region)), mend))
}

/// The region of an availability zone such as `ca-central-1a`.
fn zone_region(zone: &str) -> Option<&'static str> {
    let region = zone.strip_suffix(|c: char| c.is_ascii_lowercase())?;
    known().find(|known| *known == region)
}
