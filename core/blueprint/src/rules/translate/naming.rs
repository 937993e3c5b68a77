//! Names that code can bear.

/// `work order` becomes `WorkOrder`.
pub(super) fn pascal(key: &str) -> String {
    let mut out = String::new();
    for word in words(key) {
        let mut chars = word.chars();
        if let Some(first) = chars.next() {
            out.push(first.to_ascii_uppercase());
            out.push_str(chars.as_str());
        }
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert_str(0, "No");
    }
    if out.is_empty() { "Item".into() } else { out }
}

/// `phone number` becomes `phone_number`.
pub(super) fn snake(key: &str) -> String {
    let mut out = words(key).join("_");
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert_str(0, "no_");
    }
    if out.is_empty() { "value".into() } else { out }
}

fn words(key: &str) -> Vec<String> {
    transliterate(key).split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).take(6).map(|w| w.to_ascii_lowercase().chars().take(40).collect()).collect()
}

/// Writes Russian letters in Latin ones (close to BGN/PCGN, without diacritics); other foreign letters become spaces.
pub(super) fn transliterate(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let low = c.to_lowercase().next().unwrap_or(c);
        out.push_str(match low {
            'а' => "a", 'б' => "b", 'в' => "v", 'г' => "g", 'д' => "d", 'е' => "e", 'ё' => "e", 'ж' => "zh",
            'з' => "z", 'и' => "i", 'й' => "y", 'к' => "k", 'л' => "l", 'м' => "m", 'н' => "n", 'о' => "o",
            'п' => "p", 'р' => "r", 'с' => "s", 'т' => "t", 'у' => "u", 'ф' => "f", 'х' => "kh", 'ц' => "ts",
            'ч' => "ch", 'ш' => "sh", 'щ' => "shch", 'ъ' => "", 'ы' => "y", 'ь' => "", 'э' => "e", 'ю' => "yu",
            'я' => "ya", 'á' | 'à' | 'â' | 'ã' | 'å' => "a", 'ä' => "ae", 'é' | 'è' | 'ê' | 'ë' => "e",
            'í' | 'ì' | 'î' | 'ï' => "i", 'ó' | 'ò' | 'ô' | 'õ' => "o", 'ö' => "oe", 'ú' | 'ù' | 'û' => "u",
            'ü' => "ue", 'ñ' => "n", 'ç' => "c", 'ß' => "ss",
            other if other.is_ascii_alphanumeric() => {
                out.push(other);
                continue;
            }
            _ => " ",
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ascii_and_singular_words_join() {
        for (key, entity, attribute) in [
            ("work order", "WorkOrder", "work_order"),
            ("заказ-наряд", "ZakazNaryad", "zakaz_naryad"),
            ("3d model", "No3dModel", "no_3d_model"),
            ("日本", "Item", "value"),
        ] {
            assert_eq!(pascal(key), entity);
            assert_eq!(snake(key), attribute);
        }
    }
}
