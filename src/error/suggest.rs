//! "Did you mean": the candidate nearest to a name that was not found.

/// The candidate most like `name`, without regard to case, if one is near enough to be meant.
///
/// ```
/// use redstring::error::nearest;
/// assert_eq!(nearest("tuUper", ["toLower", "toUpper"]), Some("toUpper"));
/// assert_eq!(nearest("company", ["person", "place"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    // One slip in three characters is a typing error; more is another word.
    let limit = name.len().div_ceil(3);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let letters: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
            if letters.len().abs_diff(name.len()) > limit {
                return None;
            }
            let distance = distance(&name, &letters);
            (distance <= limit && distance < letters.len()).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters must be added, removed, changed or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut current = Vec::with_capacity(b.len() + 1);
        current.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = previous[j] + usize::from(x != y);
            let mut least = change.min(previous[j + 1] + 1).min(current[j] + 1);
            if i > 0 && j > 0 && x == &b[j - 1] && &a[i - 1] == y {
                least = least.min(before[j - 1] + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut previous, current);
    }
    previous.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_slips() {
        for (a, b, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "abc", 3),
            ("label", "lable", 1),
            ("size", "sizes", 1),
            ("upper", "uper", 1),
            ("kitten", "sitting", 3),
        ] {
            let letters = |s: &str| s.chars().collect::<Vec<_>>();
            assert_eq!(distance(&letters(a), &letters(b)), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_near_names_are_suggested() {
        for (name, expected) in [
            ("preson", Some("person")),
            ("PERSON", Some("person")),
            ("p", None),
            ("company", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, ["person", "x"]), expected, "{name}");
        }
    }
}
