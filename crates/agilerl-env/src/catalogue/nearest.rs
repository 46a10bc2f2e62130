//! The known name that a wrong one looks most like.

/// Returns the name among `known` that differs from `name` in at most a third of its letters, the nearest if there are
/// several. Case, digits and the version do not count.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let nearest = known.iter().map(|known| (distance(&plain(name), &plain(known)), *known)).min();
    // "cartpole" and "CartPole-v0" are near to "CartPole-v1", "Pendulum-v1" is not.
    nearest.filter(|(distance, known)| 3 * distance <= plain(known).len()).map(|(_, known)| known)
}

/// Letters only, in lower case, without the version.
fn plain(name: &str) -> String {
    let unversioned = name.rsplit_once("-v").map_or(name, |(stem, _)| stem);
    unversioned.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}

/// Levenshtein's distance: the number of insertions, deletions and replacements that make `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
