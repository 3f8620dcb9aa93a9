//! Numbers in as few bits as they need: as distances from the least of them, or as the steps from one to the
//! next, whichever is narrower.
//!
//! Sorted numbers have small steps, and consecutive ones have steps of no bits at all.

use super::bytes::Decoder;

/// Set in the width where the numbers are kept as steps.
const STEPS: u8 = 0x80;
/// The widest numbers that are read with one look at eight bytes, wherever they begin.
const WIDEST: u32 = 56;
/// Numbers that may take no bits. More of them take at least one each, so that no damaged count asks for
/// more memory than some multiple of the bytes that are there.
const FREE: usize = (1 << 16) + 1;

/// What the encoder has to know of the numbers.
struct Ranges {
    least: u64,
    greatest: u64,
    /// Of the steps, as signed numbers that wrap around.
    least_step: i64,
    greatest_step: i64,
}

impl Ranges {
    fn of(mut values: impl Iterator<Item = u64>) -> Self {
        let first = values.next().unwrap_or(0);
        let mut ranges =
            Self { least: first, greatest: first, least_step: i64::MAX, greatest_step: i64::MIN };
        let mut last = first;
        for value in values {
            ranges.least = ranges.least.min(value);
            ranges.greatest = ranges.greatest.max(value);
            let step = value.wrapping_sub(last) as i64;
            ranges.least_step = ranges.least_step.min(step);
            ranges.greatest_step = ranges.greatest_step.max(step);
            last = value;
        }
        if ranges.least_step > ranges.greatest_step {
            (ranges.least_step, ranges.greatest_step) = (0, 0);
        }
        ranges
    }
}

fn bits(range: u64) -> u32 {
    match u64::BITS - range.leading_zeros() {
        wide if wide > WIDEST => u64::BITS,
        narrow => narrow,
    }
}

/// Appends numbers behind their count.
pub(super) fn encode(out: &mut Vec<u8>, values: impl ExactSizeIterator<Item = u64> + Clone) {
    let count = values.len();
    let ranges = Ranges::of(values.clone());
    let plain = bits(ranges.greatest - ranges.least);
    // The difference of two signed numbers fits the unsigned ones.
    let steps = bits((ranges.greatest_step as u64).wrapping_sub(ranges.least_step as u64));
    out.extend_from_slice(&(count as u64).to_le_bytes());
    // Adding steps up costs time when reading: they have to be worth it.
    if steps * 4 <= plain * 3 && plain > 0 {
        let width = if count > FREE { steps.max(1) } else { steps };
        out.push(width as u8 | STEPS);
        let first = values.clone().next().unwrap_or(0);
        out.extend_from_slice(&first.to_le_bytes());
        out.extend_from_slice(&ranges.least_step.to_le_bytes());
        let mut last = first;
        let least = ranges.least_step as u64;
        pack(
            out,
            width,
            values.skip(1).map(|value| {
                let step = value.wrapping_sub(last).wrapping_sub(least);
                last = value;
                step
            }),
        );
    } else {
        let width = if count > FREE { plain.max(1) } else { plain };
        out.push(width as u8);
        out.extend_from_slice(&ranges.least.to_le_bytes());
        pack(out, width, values.map(|value| value - ranges.least));
    }
}

/// Appends numbers of `width` bits, the first in the lowest bits.
fn pack(out: &mut Vec<u8>, width: u32, values: impl ExactSizeIterator<Item = u64>) {
    match width {
        0 => return,
        u64::BITS => return values.for_each(|value| out.extend_from_slice(&value.to_le_bytes())),
        _ => {}
    }
    out.reserve((values.len() * width as usize).div_ceil(8) + 8);
    let (mut word, mut filled) = (0u64, 0);
    for value in values {
        word |= value << filled;
        filled += width;
        if filled >= u64::BITS {
            out.extend_from_slice(&word.to_le_bytes());
            filled -= u64::BITS;
            // At least one bit of the number is in the word that was written.
            word = value.checked_shr(width - filled).unwrap_or(0);
        }
    }
    let rest = filled.div_ceil(8) as usize;
    out.extend_from_slice(word.to_le_bytes().get(..rest).unwrap_or_default());
}

/// Reads what [`encode`] has appended.
pub(super) fn decode<T>(from: &mut Decoder<'_>, make: impl Fn(u64) -> T) -> Option<Vec<T>> {
    let count = usize::try_from(from.u64()?).ok()?;
    let form = from.u8()?;
    let width = u32::from(form & !STEPS);
    let in_range = width <= WIDEST || width == u64::BITS;
    if !in_range || (width == 0 && count > FREE) {
        return None;
    }
    if form & STEPS == 0 {
        let least = from.u64()?;
        return unpack(from, width, count, None, |value| make(least.wrapping_add(value)));
    }
    let first = from.u64()?;
    let step = from.u64()?;
    let rest = count.checked_sub(1)?;
    let mut last = first;
    unpack(from, width, rest, Some(make(first)), |value| {
        last = last.wrapping_add(step).wrapping_add(value);
        make(last)
    })
}

fn unpack<T>(
    from: &mut Decoder<'_>,
    width: u32,
    count: usize,
    first: Option<T>,
    mut make: impl FnMut(u64) -> T,
) -> Option<Vec<T>> {
    let bytes = from.take(count.checked_mul(width as usize)?.div_ceil(8))?;
    let mut values = Vec::with_capacity(count + usize::from(first.is_some()));
    values.extend(first);
    match width {
        0 => values.extend((0..count).map(|_| make(0))),
        8 => values.extend(bytes.iter().map(|b| make(u64::from(*b)))),
        u64::BITS => {
            values.extend(bytes.as_chunks().0.iter().map(|b| make(u64::from_le_bytes(*b))));
        }
        _ => {
            let mask = (1 << width) - 1;
            let width = width as usize;
            // Those that end within the last eight bytes are read from a copy with zeros behind it.
            let whole = (bytes.len().saturating_sub(8) * 8 / width).min(count);
            values.extend((0..whole).map(|at| {
                let bit = at * width;
                let word = bytes.get(bit / 8..).and_then(|rest| rest.first_chunk::<8>());
                make((word.map_or(0, |word| u64::from_le_bytes(*word)) >> (bit % 8)) & mask)
            }));
            let begin = (whole * width) / 8;
            let mut tail = bytes.get(begin..).unwrap_or_default().to_vec();
            tail.extend_from_slice(&[0; 8]);
            values.extend((whole..count).map(|at| {
                let bit = at * width - begin * 8;
                let word = tail.get(bit / 8..).and_then(|rest| rest.first_chunk::<8>());
                make((word.map_or(0, |word| u64::from_le_bytes(*word)) >> (bit % 8)) & mask)
            }));
        }
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(values: &[u64]) -> usize {
        let mut bytes = Vec::new();
        encode(&mut bytes, values.iter().copied());
        let length = bytes.len();
        let mut decoder = Decoder(&bytes);
        assert_eq!(decode(&mut decoder, |value| value).as_deref(), Some(values));
        assert!(decoder.0.is_empty());
        for cut in 0..bytes.len().min(40) {
            assert_eq!(decode(&mut Decoder(&bytes[..cut]), |value| value), None, "cut at {cut}");
        }
        length
    }

    #[test]
    fn every_width_comes_back() {
        round_trip(&[]);
        for width in 0..64 {
            let top = 1u64 << width;
            round_trip(&[top]);
            let noise = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (63 - width);
            for count in [2, 3, 7, 8, 9, 63, 64, 65, 1000] {
                round_trip(&(0..count).map(noise).collect::<Vec<_>>());
                round_trip(&(0..count).map(|i| (top - 1).wrapping_add(i)).collect::<Vec<_>>());
                round_trip(&(0..count).map(|i| top.wrapping_mul(i)).collect::<Vec<_>>());
                round_trip(&(0..count).rev().collect::<Vec<_>>());
            }
        }
        round_trip(&[u64::MAX, 0, u64::MAX, 1 << 63]);
    }

    #[test]
    fn regular_numbers_take_no_bits() {
        let header = 8 + 1 + 8 + 8;
        assert_eq!(round_trip(&(7..65_543).collect::<Vec<_>>()), header);
        assert_eq!(round_trip(&[42; 65_537]), 8 + 1 + 8);
        assert_eq!(round_trip(&vec![42; 80_000]), 8 + 1 + 8 + 10_000);
        let sorted: Vec<u64> = (0..8_000).map(|i| i * 100 + i * i % 8).collect();
        assert!(round_trip(&sorted) <= header + 8_000 * 4 / 8 + 1);
    }

    #[test]
    fn damaged_counts_are_refused() {
        let mut bytes = Vec::new();
        encode(&mut bytes, [5; 4].into_iter());
        bytes[..8].copy_from_slice(&(1u64 << 40).to_le_bytes());
        assert_eq!(decode(&mut Decoder(&bytes), |value| value), None);
    }
}
