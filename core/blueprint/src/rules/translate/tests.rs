//! The translator as a whole.

#![allow(clippy::unwrap_used)] // A test that cannot go on should stop.

use proptest::prelude::*;

use super::*;

fn sketch(text: &str) -> String {
    let t = translate(text).unwrap();
    let mut out = String::new();
    for e in &t.entities {
        let attributes: Vec<String> = e.attributes.iter().map(|a| if a.values.is_empty() { a.name.clone() } else { format!("{}={}", a.name, a.values.join("|")) }).collect();
        out.push_str(&format!("{}({})\n", e.name, attributes.join(", ")));
    }
    for r in &t.relations {
        out.push_str(&format!("{} {} {}\n", r.from, serde_json::to_string(&r.cardinality).unwrap().trim_matches('"'), r.to));
    }
    let roles: Vec<&str> = t.roles.iter().map(|r| r.name.as_str()).collect();
    out.push_str(&format!("roles: {}", roles.join(", ")));
    out
}

#[test]
fn briefs_become_blueprints() {
    let cases: &[(&str, &str)] = &[
        (
            "Each customer has a name, an e-mail and a phone number. A customer can have several bikes. Each bike has a brand, a model and a serial number.",
            "Customer(name, email, phone_number)\nBike(brand, model, serial_number)\nCustomer one-to-many Bike\nroles: ",
        ),
        (
            "An order consists of several items. For each order we store the date, the total and the status: draft, paid or sent. Every order belongs to one customer.",
            "Order(date, total, status=draft|paid|sent)\nOrderItem()\nCustomer(name)\nOrder one-to-many OrderItem\nOrder many-to-one Customer\nroles: ",
        ),
        (
            "У каждого клиента есть имя, телефон и дата рождения. Клиент оформляет несколько заказов. В заказе указываем дату, сумму и статус (новый, оплачен, отгружен).",
            "Customer(name, phone, birth_date)\nOrder(date, amount, status=новый|оплачен|отгружен)\nCustomer one-to-many Order\nroles: Customer",
        ),
        (
            "Every building is divided into apartments. An apartment is identified by its number; we also need the area and the monthly rent.",
            "Building()\nApartment(number, area, monthly_rent)\nBuilding one-to-many Apartment\nroles: ",
        ),
        (
            "As a receptionist, I can register patients. Each appointment is with one doctor. A patient can have many appointments. An appointment can be booked, cancelled or missed.",
            "Patient(name)\nAppointment(status=booked|cancelled|missed)\nDoctor(name)\nPatient one-to-many Appointment\nAppointment many-to-one Doctor\nroles: Receptionist",
        ),
        (
            "each bike has a number and a size\na rental has a start date and a fee\none rental can include several bikes",
            "Bike(number, size)\nRental(start_date, fee)\nRental many-to-many Bike\nroles: ",
        ),
        (
            "## Data\n- Book: title, ISBN\n- Loan (start date, due date)\n\nEach loan belongs to one book. The system sends a report to Slack.",
            "Book(title, isbn)\nLoan(start_date, due_date)\nLoan many-to-one Book\nroles: ",
        ),
        (
            "We store the pet's name, breed and weight. The owner's details are: full name and mobile number. An owner can register more than one pet.",
            "Pet(name, breed, weight)\nOwner(full_name, mobile_number)\nOwner one-to-many Pet\nroles: Owner",
        ),
        ("Bike-parts shop, stock and prices from 1C, pay by card.", "BikePart(stock, price)\nroles: "),
        (
            "В состав букета входят цветы, для каждого цветка указывается количество. Букеты делятся на категории.",
            "Bouquet()\nFlower(quantity)\nCategory(name)\nBouquet one-to-many Flower\nBouquet many-to-one Category\nroles: ",
        ),
        (
            "Заявка может быть новой, в работе или выполненной. Каждая заявка относится к одной единице оборудования. Оборудование: инвентарный номер, модель.",
            "Request(status=новая|в работе|выполненная)\nEquipment(inventory_number, model)\nRequest many-to-one Equipment\nroles: ",
        ),
        (
            "Направление оформляет врач, в направлении указываются дата и диагноз. Роли: лаборант, врач.",
            "Referral(date, diagnosis)\nDoctor(name)\nDoctor one-to-many Referral\nroles: Doctor, LabTechnician",
        ),
        (
            "Студент может состоять в нескольких группах. В группе учится много студентов. У студента есть зачётка с номером и датой выдачи.",
            "Student(name)\nGroup(name)\nZachetka(number, issue_date)\nStudent many-to-many Group\nStudent many-to-one Zachetka\nroles: ",
        ),
    ];
    let wrong: Vec<String> = cases.iter().map(|(text, want)| (text, want, sketch(text))).filter(|(_, want, got)| *want != got).map(|(text, want, got)| format!("{text}\nwanted:\n{want}\ngot:\n{got}\n")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unreadable_texts_are_refused() {
    assert_eq!(translate(""), Err(Refusal::Empty));
    assert_eq!(translate(" \n\t"), Err(Refusal::Empty));
    assert_eq!(translate("a\0b"), Err(Refusal::Binary));
    assert_eq!(translate_bytes(&[0xff, 0xfe, 0x00]), Err(Refusal::Binary));
    assert_eq!(translate(&"a".repeat(MAX_BYTES + 1)), Err(Refusal::TooLong));
    for refusal in [Refusal::Empty, Refusal::Binary, Refusal::TooLong] {
        assert!(refusal.to_string().contains("try again") || refusal.to_string().contains("one by one"));
    }
}

#[test]
fn time_grows_with_the_text_and_no_faster() {
    let texts = [
        "Each order has a number, a date and several items. ",
        "a, b and c ",
        "У каждого клиента есть имя и телефон клиента заказа товара. ",
        ". . ",
        "((((",
        "- a\n  - b\n",
        "order ",
        "has a ",
        "is a or ",
        "it's ",
        ">",
        "# ",
        "1.",
        "заказ",
    ];
    for text in texts {
        let time = |bytes: usize| {
            let text = text.repeat(bytes / text.len());
            #[expect(clippy::disallowed_methods, reason = "this test measures time")]
            let start = std::time::Instant::now();
            let _ = translate(&text);
            start.elapsed().as_secs_f64()
        };
        time(10_000);
        let (small, large) = (time(40_000), time(320_000));
        // Eight times the text; a quadratic step would take sixty-four times as long.
        assert!(large < small * 24.0 + 0.3, "{text:?}: {small} s, then {large} s");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}|([a-zа-яё]{1,7}[ ,.:;()\n—'’-]{1,3}){0,40}|(each|order|has|a|name|,|and|of|заказ|имеет|клиента| |\n|- |# |:|\\(|\\)|'s|is|or|paid){0,60}") {
        let Ok(translation) = translate(&text) else { return Ok(()) };
        prop_assert_eq!(&translation, &translate(&text).unwrap());
        let mut last = 0;
        for requirement in &translation.requirements {
            let (start, end) = requirement.span;
            prop_assert!(last <= start && start < end && end <= text.len());
            last = end;
            let source = text.get(start..end);
            prop_assert!(source.is_some());
            let letters = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&requirement.text), letters(source.unwrap()));
        }
        for entity in &translation.entities {
            prop_assert!(entity.name.chars().all(|c| c.is_ascii_alphanumeric()));
        }
        let json = serde_json::to_string(&translation).unwrap();
        prop_assert_eq!(serde_json::from_str::<Translation>(&json).unwrap(), translation);
    }
}

/// Checks a value against the subset of JSON Schema that `docs/translation.schema.json` uses.
fn fits(root: &serde_json::Value, schema: &serde_json::Value, value: &serde_json::Value, path: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
        return fits(root, &root["$defs"][name], value, path);
    }
    if let Some(options) = schema["enum"].as_array()
        && !options.contains(value)
    {
        return Err(format!("{path}: {value} is none of the values"));
    }
    match schema["type"].as_str() {
        Some("object") => {
            let object = value.as_object().ok_or(format!("{path} is no object"))?;
            for key in schema["required"].as_array().into_iter().flatten().filter_map(|k| k.as_str()) {
                if !object.contains_key(key) {
                    return Err(format!("{path}.{key} is missing"));
                }
            }
            for (key, inner) in object {
                let property = schema["properties"].get(key).ok_or(format!("{path}.{key} is not in the schema"))?;
                fits(root, property, inner, &format!("{path}.{key}"))?;
            }
        }
        Some("array") => {
            let items = value.as_array().ok_or(format!("{path} is no array"))?;
            for (i, inner) in items.iter().enumerate() {
                fits(root, &schema["items"], inner, &format!("{path}[{i}]"))?;
            }
        }
        Some("string") if !value.is_string() => return Err(format!("{path} is no string")),
        Some("integer") if !value.is_u64() => return Err(format!("{path} is no whole number")),
        Some("boolean") if !value.is_boolean() => return Err(format!("{path} is no truth value")),
        _ => {}
    }
    Ok(())
}

#[test]
fn translations_fit_the_published_schema() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../../../../docs/translation.schema.json")).unwrap();
    for text in ["As a manager, I must see orders. Each order has a number and a status: new or paid. Orders belong to customers.", "Привет", "У заказа есть номер и статус (новый, оплачен)."] {
        let value = serde_json::to_value(translate(text).unwrap()).unwrap();
        fits(&schema, &schema, &value, "translation").unwrap();
    }
}
