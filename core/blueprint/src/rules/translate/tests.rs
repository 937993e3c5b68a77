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

/// What each rule of relations finds, in both languages; only the relations are compared.
#[test]
fn relations_are_read_from_what_sentences_say_in_passing() {
    let cases: &[(&str, &[&str])] = &[
        // An act leaves a record between the two.
        ("A loan has a due date. A book has a title. A reader has a name. Readers borrow books.", &["Loan many-to-one Book", "Loan many-to-one Reader"]),
        // A list goes on behind a coordinated clause.
        ("A room has a number, and each room is in one building. A building has an address.", &["Room many-to-one Building"]),
        // A relative clause tells of the thing before it.
        ("Each request is assigned to a contractor, who has a trade and a phone. A request has a title.", &["Request many-to-one Contractor"]),
        // What is made from many holds them.
        ("A treatment has a date and a price. An invoice has a number. An invoice is made from the treatments.", &["Invoice one-to-many Treatment"]),
        // Several things per another one.
        ("A project has a name. A client has an e-mail. There are several projects per client.", &["Client one-to-many Project"]),
        ("Zones have a name. Bins have a code. Within a zone there are bins.", &["Zone one-to-many Bin"]),
        // Where one thing is put into another, the other has it.
        ("A part has a name and a price. An order has a number. A customer has a phone. A customer puts parts in an order.", &["Customer one-to-many Order", "Part many-to-many Order"]),
        // A condition names what the record is about.
        ("A device has a model. A ticket has a state and a date. When a device arrives, a ticket is opened.", &["Ticket many-to-one Device"]),
        // A quantity between two records is a line of its own.
        ("A part has a name and a price. A delivery has a date. A delivery lists the parts with quantity.", &["DeliveryLine many-to-one Delivery", "DeliveryLine many-to-one Part"]),
        ("За каждым изделием закреплён один портной. У изделия есть размер и цена. О клиенте храним имя и телефон.", &[]),
        ("У питомца есть кличка и порода. О владельце храним имя и телефон. У владельца может быть несколько питомцев.", &["Owner one-to-many Pet"]),
        ("У счёта есть номер и сумма. У приёма есть дата. Счёт выставляется по приёму.", &["Invoice many-to-one Appointment"]),
    ];
    let mut wrong = Vec::new();
    for (text, want) in cases {
        let translation = translate(text).unwrap();
        let side = |name: &str, cardinality: Cardinality, other: &str| format!("{name} {} {other}", serde_json::to_string(&cardinality).unwrap().trim_matches('"'));
        let got: Vec<[String; 2]> = translation.relations.iter().map(|r| [side(&r.from, r.cardinality, &r.to), side(&r.to, r.cardinality.reversed(), &r.from)]).collect();
        for one in *want {
            if !got.iter().any(|both| both.iter().any(|b| b == one)) {
                wrong.push(format!("{text}\n  lacks {one}, has {got:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn attributes_are_read_from_lists_in_every_place() {
    let cases: &[(&str, &str)] = &[
        ("For students I need name, email, phone and the level.", "Student(name, email, phone, level)\nroles: "),
        ("We also need the address and the phone number of every member.", "Member(address, phone_number)\nroles: "),
        ("Tenants are persons or companies, with name, e-mail and phone. The rental starts on a certain day and has a price.", "Tenant(name, email, phone)\nRental(start_date, price)\nTenant one-to-many Rental\nroles: "),
        ("Врач ведёт приём: дата, жалобы, диагноз.", "Appointment(date, complaint, diagnosis)\nroles: Doctor"),
        ("По механикам храним имя, телефон и процент.", "Mechanic(name, phone, percent)\nroles: "),
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

/// Words as a brief may hold them, in an order that nobody wrote; the same seed gives the same text.
fn random_words(bytes: usize, mut seed: u64) -> String {
    const WORDS: &[&str] = &[
        "each", "order", "has", "a", "customer", "with", "several", "items", "and", "the", "price", "of", "is", "assigned", "to", "one", "mechanic", "who", "books", "rooms", "for", "their", "status", "new", "or", "paid", "when",
        "it", "arrives", "we", "record", "time", "against", "projects", "per", "client", "заказ", "клиента", "имеет", "дату", "и", "сумму", "у", "каждого", "врача", "есть", "приём", "в", "который", "записывает", "пациент",
        "zqx", "flurbs", "мрыкает", "12", "(", ")", ":", "-", "\"",
    ];
    const MARKS: &[&str] = &[" ", " ", " ", " ", " ", " ", ", ", ", ", ". ", "; ", "\n", "\n\n", "\n- ", "\n# "];
    let mut out = String::with_capacity(bytes + 32);
    while out.len() < bytes {
        // A linear congruence is random enough for a text without sense.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let roll = usize::try_from(seed >> 33).unwrap();
        out.push_str(WORDS[roll % WORDS.len()]);
        out.push_str(MARKS[(roll / WORDS.len()) % MARKS.len()]);
    }
    while out.len() > bytes {
        out.pop();
    }
    out
}

#[test]
fn the_longest_brief_of_random_words_takes_twice_as_long_as_its_half() {
    let time = |text: &str| {
        #[expect(clippy::disallowed_methods, reason = "this test measures time")]
        let start = std::time::Instant::now();
        let translation = translate(text).unwrap();
        (start.elapsed().as_secs_f64(), translation)
    };
    let whole = random_words(MAX_BYTES, 7);
    let half = random_words(MAX_BYTES / 2, 7);
    time(&random_words(10_000, 7));
    let (small, _) = time(&half);
    let (large, translation) = time(&whole);
    // Twice the text; a quadratic step would take four times as long. The half second forgives a busy machine.
    assert!(large < small * 3.2 + 0.5, "{small} s for half, {large} s for the whole");
    check_spans(&whole, &translation);
}

/// Every span lies on character boundaries, in the order of the text, and quotes what the requirement says.
fn check_spans(text: &str, translation: &Translation) {
    let letters = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let mut last = 0;
    for requirement in &translation.requirements {
        let (start, end) = requirement.span;
        assert!(last <= start && start < end && end <= text.len(), "{:?}", requirement.span);
        assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{:?}", requirement.span);
        assert_eq!(letters(&requirement.text), letters(&text[start..end]));
        last = end;
    }
    let known: std::collections::BTreeSet<&str> = translation.requirements.iter().map(|r| r.id.as_str()).collect();
    let quoted = translation.entities.iter().flat_map(|e| e.requirements.iter().chain(e.attributes.iter().flat_map(|a| &a.requirements))).chain(translation.relations.iter().flat_map(|r| &r.requirements));
    for id in quoted {
        assert!(known.contains(id.as_str()), "{id} is no requirement");
    }
}

#[test]
fn every_span_lies_on_a_character_boundary_and_quotes_its_sentence() {
    for text in [
        "Ёлки и «кавычки»: у заказа — номер, дата. Клиент\u{301} платит 5 €.",
        "\u{feff}Each order has a naïve name; 🙂 the customer’s e‑mail too.\r\n\r\n- Größe\r\n- 価格 is a price",
        "| Поле | Тип |\n|---|---|\n| Имя | строка |\n\n> цитата\n> продолжается",
        "1. **Orders**: number, date\n   wrapped line of it\n2. *Заявки*: тема, срок",
    ] {
        let translation = translate(text).unwrap();
        assert!(!translation.requirements.is_empty());
        check_spans(text, &translation);
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
