//! Names and types of attributes.

use super::facts::Item;
use super::lexicon_en;
use super::morphology_en;
use super::model::{Attribute, AttributeType};
use super::naming;
use super::word::Quant;

/// The type that a name suggests; the last word that says anything decides.
pub(super) fn kind(key: &str, label: &str) -> AttributeType {
    use AttributeType as T;
    let whole = match key {
        "birth date" | "date of birth" | "birthday" | "due date" | "deadline" | "expiry date" | "valid until" | "day" => Some(T::Date),
        "phone number" | "phone" | "mobile" | "mobile number" | "fax" => Some(T::Phone),
        "serial number" | "order number" | "plate number" | "room number" | "account number" | "registration number" | "number" | "sku" | "code" | "vin" => Some(T::String),
        "hourly rate" | "daily rate" | "day rate" | "monthly rate" | "rate per hour" => Some(T::Money),
        "year" | "age" | "quantity" | "stock" => Some(T::Integer),
        _ => None,
    };
    if let Some(kind) = whole {
        return kind;
    }
    if key.starts_with("is ") || key.starts_with("has ") || key.starts_with("whether ") || key.starts_with("number of ") || label.starts_with("количество ") || label.starts_with("число ") {
        return if key.starts_with("number of ") || label.starts_with("количество") || label.starts_with("число") { T::Integer } else { T::Boolean };
    }
    if key.ends_with("working day") || key.ends_with(" days") || key.ends_with("ing hours") {
        return T::String;
    }
    if key.ends_with("ed on") || key.ends_with("ed at") || key.ends_with("_at") || key == "created at" || key == "valid from" {
        return T::Date;
    }
    for word in key.split([' ', '-', '_']).rev() {
        let one = morphology_en::singular(word).0;
        let found = match one.as_str() {
            "date" | "birthday" | "deadline" | "birthdate" | "day" => T::Date,
            "time" | "datetime" | "timestamp" | "start" | "end" | "beginning" => T::DateTime,
            "price" | "cost" | "amount" | "total" | "sum" | "fee" | "salary" | "wage" | "budget" | "balance" | "deposit" | "tip" | "premium" | "prepayment" | "fine" | "rent" | "debt" | "margin" | "payment" | "revenue" | "income" | "expense" => T::Money,
            "rate" | "percent" | "percentage" | "weight" | "height" | "width" | "length" | "depth" | "area" | "volume" | "distance" | "temperature" | "humidity" | "pressure" | "discount" | "latitude" | "longitude" | "speed" | "dosage" | "markup" | "vat" | "tax" => T::Decimal,
            "number" | "code" | "reason" => T::String,
            "payload" => T::Decimal,
            "credit" => T::Money,
            "quantity" | "count" | "age" | "capacity" | "duration" | "stock" | "floor" | "year" | "rating" | "score" | "mileage" | "seats" | "seat" | "bedroom" | "pages" | "page" | "points" | "threshold" | "experience" | "hour" | "minute" | "period" => T::Integer,
            "status" | "state" | "type" | "kind" | "priority" | "gender" | "severity" | "stage" | "method" => T::Enum,
            "email" | "e-mail" => T::Email,
            "phone" | "telephone" | "mobile" | "fax" => T::Phone,
            "url" | "website" | "link" | "site" => T::Url,
            "photo" | "picture" | "image" | "logo" | "file" | "attachment" | "scan" | "avatar" | "document" | "video" | "photograph" | "signature" => T::File,
            "description" | "note" | "notes" | "comment" | "remark" | "text" | "content" | "body" | "instructions" | "instruction" | "bio" | "biography" | "summary" | "symptom" | "diagnosis" | "complaint" | "recommendation" | "conclusion" => T::Text,
            "active" | "availability" | "flag" | "available" => T::Boolean,
            _ => continue,
        };
        return found;
    }
    T::String
}

/// The attribute that an item of a list names.
///
/// "Products have names" gives each product one name, so plural owners make plural properties singular.
pub(super) fn attribute(item: &Item, several_owners: bool, requirement: &str) -> Attribute {
    let (mut key, mut label) = (item.phrase.attribute_key(), item.phrase.attribute_label());
    if several_owners && item.phrase.plural && lexicon_en::class(&key).is_none() && !item.phrase.russian && item.phrase.quant != Quant::Many {
        (key, label) = (last_singular(&key), last_singular(&label));
    }
    let name = naming::snake(&key);
    let kind = if item.values.len() > 1 { AttributeType::Enum } else { kind(&key, &label) };
    Attribute { name, label, kind, values: if kind == AttributeType::Enum { item.values.clone() } else { Vec::new() }, required: false, requirements: vec![requirement.to_owned()] }
}

fn last_singular(words: &str) -> String {
    match words.rsplit_once(' ') {
        Some((front, last)) => format!("{front} {}", morphology_en::singular(last).0),
        None => morphology_en::singular(words).0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_suggest_types() {
        use AttributeType as T;
        for (key, want) in [("birth date", T::Date), ("unit price", T::Money), ("phone number", T::Phone), ("order number", T::String), ("email", T::Email), ("delivery address", T::String), ("start time", T::DateTime), ("photo", T::File), ("status", T::Enum), ("description", T::Text)] {
            assert_eq!(kind(key, ""), want, "{key}");
        }
    }
}
