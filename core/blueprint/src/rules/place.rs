//! Places in a list as text: between any two there is room for a third, so that moving one element changes only that one.
//!
//! A place is a fraction in hexadecimal digits. New elements at the end get eight digits with steps of 256; an element
//! between two others gets more digits where there is no room.

const FIRST: u64 = 0x1000_0000;
const STEP: u64 = 0x100;
const LONGEST: usize = 64;

/// The place after the last one of a list.
#[must_use]
pub fn after(last: Option<&str>) -> String {
    let Some(last) = last.filter(|last| valid(last)) else { return format!("{FIRST:08x}") };
    let leading: String = last.chars().chain(std::iter::repeat('0')).take(8).collect();
    match u64::from_str_radix(&leading, 16).ok().and_then(|number| (number / STEP + 1).checked_mul(STEP)) {
        Some(next) if next <= 0xffff_ff00 => format!("{next:08x}"),
        _ => between(Some(last), None),
    }
}

/// A place between two others; without a lower one before everything, without an upper one after everything.
/// Places that are equal or crossed, as merges can leave them, get one after the lower.
#[must_use]
pub fn between(lower: Option<&str>, upper: Option<&str>) -> String {
    let lower: Vec<u32> = digits(lower.unwrap_or_default());
    let mut upper: Option<Vec<u32>> = upper.map(digits).filter(|upper| *upper > lower);
    let mut place = String::new();
    for at in 0..LONGEST * 2 {
        let low = lower.get(at).copied().unwrap_or(0);
        let high = match &upper {
            None => 16,
            // Past its end the upper place has only zeros: no room is left below it here.
            Some(upper) => upper.get(at).copied().unwrap_or(0),
        };
        if high > low + 1 {
            place.push(digit((low + high) / 2));
            return place;
        }
        place.push(digit(low));
        if high > low {
            upper = None;
        }
    }
    place
}

fn valid(place: &str) -> bool {
    !place.is_empty() && place.len() <= LONGEST && place.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn digits(place: &str) -> Vec<u32> {
    place.chars().take(LONGEST).map(|c| c.to_digit(16).unwrap_or(0)).collect()
}

fn digit(value: u32) -> char {
    char::from_digit(value.min(15), 16).unwrap_or('f')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn appending_keeps_places_short_and_in_order() {
        let mut last = None;
        for _ in 0..10_000 {
            let next = after(last.as_deref());
            assert!(Some(next.as_str()) > last.as_deref() && next.len() == 8);
            last = Some(next);
        }
    }

    proptest! {
        #[test]
        fn there_is_room_wherever_an_element_is_moved(moves in prop::collection::vec(any::<prop::sample::Index>(), 1..60)) {
            let mut list = vec![after(None)];
            for to in moves {
                let at = to.index(list.len() + 1);
                let lower = at.checked_sub(1).map(|at| list[at].clone());
                let upper = list.get(at).cloned();
                let place = if upper.is_none() { after(lower.as_deref()) } else { between(lower.as_deref(), upper.as_deref()) };
                list.insert(at, place);
                prop_assert!(list.is_sorted_by(|a, b| a < b), "{list:?}");
            }
        }

        #[test]
        fn any_words_in_place_of_places_are_borne(a: String, b: String) {
            let _ = between(Some(&a), Some(&b));
            let _ = after(Some(&a));
        }
    }
}
