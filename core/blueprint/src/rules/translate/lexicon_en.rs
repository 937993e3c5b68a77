//! English business words: what a noun usually is, and the small words of grammar.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a noun usually is in a brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A record people keep.
    Record,
    /// A person who acts.
    Person,
    /// A property of something else.
    Property,
    /// A property in one brief and a record in another: brand, category, location.
    Either,
    /// Never data: the system itself, screens, products of others, vague words.
    Stop,
}

const RECORDS: &str = "order product item invoice payment appointment booking reservation vehicle car bike bicycle truck
 task project ticket contract document category department company organization organisation branch store shop warehouse supplier
 part spare_part work_order repair_order job service room table course lesson class group exam assignment submission enrollment enrolment
 event venue session meeting visit prescription diagnosis treatment medicine drug test_result lab_result
 property apartment flat house building unit lease tenancy rental loan book copy article post comment review rating_record
 menu dish recipe ingredient cart basket coupon promotion discount_code gift_card subscription plan membership
 shipment delivery package parcel route stop trip flight seat purchase_order purchase sale return refund
 campaign lead deal opportunity quote quotation estimate offer proposal claim policy insurance_policy
 machine equipment device asset tool sensor meter reading inspection defect fault issue incident request service_request maintenance_request
 leave_request timesheet shift schedule_entry payslip vacancy position application_form candidate_profile interview
 animal pet horse dog cat herd field crop farm harvest greenhouse plant species
 exhibition artwork painting artist_profile song album playlist track_record film movie screening episode
 team player match tournament season league game goal score_record stadium
 donation donor_record fund grant budget_line expense account transaction card wallet bank_account ledger_entry
 message notification_rule thread topic survey question answer poll vote
 certificate license licence permit badge skill training workshop webinar module quiz grade mark
 contact time_entry journal_entry ledger_line line order_item order_line invoice_line line_item cart_item stock_item batch lot shelf cell bin pallet container
 supply_order stock_movement write-off cell_record inventory_item material component assembly bill_of_material operation
 ward bed operation_record procedure referral vaccination medical_record patient_record lab_test analysis
 tour excursion hotel cabin tent campsite boat yacht pier berth slot parking_space zone street locality route_sheet waybill
 bouquet flower cake garment fabric costume prop ring stone
 brand model manufacturer vendor location site office region country city address_book
 subject discipline curriculum semester school university faculty library publisher genre edition
 portfolio milestone sprint epic story bug release version feature_request backlog feature
 claim_record complaint appeal case hearing court verdict law_suit evidence
 pass locker trainer_session workout exercise program programme diet
 absence accident agreement arrival attendance box business_trip clinic club concert contribution counterparty cow debt dormitory drawing drink
 exhibit exposition feed fertilizer festival hall homework hospital kit lecture lesson_plan maintenance_record measurement motorcycle planting sowing queue rack
 raw_material receipt resume sick_leave sketch slot specification subcategory subproject subtask talk tax_invoice test tourist_group trailer transfer variant video voucher
 wishlist work_log consumable construction_site workplace discount_card loan_card chair production performance restaurant salon series set_list segment section
 reservation_slot allergy_record ride score_sheet stall vineyard barrel bottle cask tasting cellar grape piano instrument rehearsal gig
 repair stop_point checkpoint driver_record run race heat lap club_member pitch court nursery cage enclosure feeding treatment_plan visit_record adoption shelter
 fixture fitting sample_request order_confirmation goods_receipt packing_list pick_list return_request warranty_claim
 kiln glaze pot piece_of_equipment locker_room sauna pool parcel_locker pickup_point handover mold batch_record tree orchard
 kennel litter breed vaccine owner_record volunteer_shift hive colony
 report_template price_list tariff rate_plan service_plan bonus loyalty_card installment instalment penalty fine
 tank pump well pipeline station charger charging_station vessel cargo crew voyage
 household member family room_type room_category guest_record stay table_reservation
 questionnaire checklist inspection_report act waybill consignment stocktake inventory deposit recording sample specimen photo_album";

const PEOPLE: &str = "customer client merchant buyer shopper user visitor guest patient doctor nurse dentist therapist vet veterinarian student pupil
 teacher tutor instructor trainer coach lecturer professor parent mechanic technician engineer electrician plumber
 manager administrator admin receptionist operator dispatcher courier driver carrier agent broker employee worker staff_member
 owner landlord tenant renter borrower reader librarian author editor writer moderator cashier waiter chef cook barista seller salesperson
 accountant bookkeeper auditor lawyer attorney paralegal judge storekeeper warehouse_worker storeman foreman inspector supervisor director
 organizer organiser attendee participant speaker sponsor volunteer donor member subscriber passenger pilot captain
 candidate applicant recruiter interviewer developer designer tester analyst reviewer approver consultant contractor specialist
 master stylist hairdresser barber photographer artist musician curator farmer agronomist breeder groomer guide coordinator
 vendor supplier partner host cleaner caretaker handyman florist baker tailor seamstress jeweller beekeeper keeper assistant team_lead
 head_of_department secretary clerk shop_assistant sales_manager account_manager project_manager store_manager office_manager
 physician surgeon pharmacist caregiver head_nurse front_desk team_leader player referee freelancer citizen resident
 actor assembler beneficiary chairperson consignee cosmetologist defendant deputy expert forwarder group_leader guard initiator installer loader measurer
 packer payer performer picker plaintiff policyholder realtor recipient registrar responsible_person sender service_advisor shipper subcontractor tourist welder
 child foster_parent adopter sitter walker brewer winemaker curator musician singer dancer choreographer conductor sales_rep rep representative officer shift_manager coordinator planner buyer_agent logistician superviser examiner principal dean researcher scientist lab_technician
 housekeeper porter concierge bartender sommelier dj host_family child adult person owner_driver rider skipper crew_member";

const PROPERTIES: &str = "name title date time price cost amount total sum number quantity qty count code sku barcode article_number status state
 email e-mail mail phone telephone mobile phone_number telephone_number mobile_number fax address description note notes comment remark
 type kind colour color size weight height width length depth volume capacity area duration age birthday birth_date
 date_of_birth deadline due_date start_date end_date expiry_date start_time end_time hour day month year week
 brand model make mileage odometer plate licence_plate license_plate registration_number serial_number vin year_of_manufacture
 percent percentage discount vat tax rate currency balance salary wage hourly_rate fee tip stock quantity_in_stock stock_level
 rating score grade mark level priority severity reason result outcome summary content text body subject language gender sex
 photo picture image logo attachment file scan link url website_address avatar icon signature
 isbn iban bic inn vat_number tax_number qr_code passport passport_number passport_details blood_type allergy allergies diagnosis_text
 floor street city zip zip_code postal_code postcode country latitude longitude coordinates region
 username password login surname first_name last_name full_name nickname position job_title speciality specialty specialization
 unit unit_of_measure temperature humidity pressure speed distance power voltage fuel fuel_type engine_size material
 deposit margin markup cost_price retail_price purchase_price sale_price wholesale_price symptoms complaint dosage dose
 format genre author publisher isbn edition topic category pages room_number floor_number seats bedrooms square_meters
 breed species weight_in_kg chip_number microchip_number start end beginning finish from to period term interval frequency
 condition feature flag checkbox availability active subject_line location place contact contact_details contact_person requirement
 bio biography experience education hobby tag tags label alias abbreviation id identifier reference reference_number tracking_number
 commission stage rent trade passport_data passport_details personal_details vat_rate due_amount paid_amount minimum_stock reorder_level minimum maximum min max limit shelf_life expiration_date warranty warranty_period
 advance average birth_year completion created_at district employee_number inventory_number kpp snils ogrn marital_status middle_name milk_yield norm plate_number prepayment
 points qualification responsibility role sequence series specification threshold unit_price urgency valid_until workplace variant schedule section segment parameter method basis repayment charge
 expense_date check_in_date check_out_date issue_date payment_date appointment_date opening closing symptom video revenue profit income registration
 payment_method delivery_method delivery_address shipping_address billing_address colour_code key value sum_insured premium
 credit_limit payment_terms opening_hours working_hours hours street city country region seat nationality citizenship birthplace emergency_contact instructions";

const STOPS: &str = "system application app website site web_site page portal platform software program_code solution tool_kit interface screen button
 menu_bar dashboard report reports statistics analytics chart graph export import backup integration api database table_view
 excel spreadsheet google_sheets google slack stripe paypal telegram whatsapp viber 1c quickbooks xero outlook gmail word pdf csv sms
 e-mail_notification notification reminder push_notification alert information data detail details record records entry entries
 process way thing things people day week month year time times morning evening today tomorrow weekend moment hour minute second
 list overview history search filter calendar view form field_name everything something anything nothing someone everyone nobody
 lot kind_of sort example case_study budget deadline launch version_one phase mvp prototype requirement requirements feature
 access right rights permission permissions security login_page password_reset account_page paper notebook whiteboard phone_call call
 problem mess trouble chaos help support question_mark idea wish need goal_line purpose reason use usage work life business industry
 side end beginning top bottom front back middle part_of rest half third couple pair dozen number_of amount_of bit piece
 person_year man staff team_work colleague we us laptop computer tablet smartphone browser internet server cloud mobile_app desktop
 android iphone ipad ios windows linux mac chrome printer scanner terminal hand eye head mind word letter row column
 thank thanks hello hi regards greetings hey dear ps pps sincerely cheers please brief project_brief background context summary_page
 scope overview_page goal goals objective objectives stage step steps function functions functionality option options setting settings
 crm erp cms pos shopify woocommerce wordpress jira trello notion zapier hubspot salesforce mailchimp twilio dropbox zoom teams
 english russian german french language languages currency gdpr privacy law rule rules euro dollar usd eur money cash
 ability accounting art bank base break breakdown delay error hundred thousand majority messenger news notepad respect storefront thought ruble kopeck funnel mailing chat push working window
 cash_desk cafe creation birth construction credit day_off entrance exploitation holiday home installation insurance kitchen loading log_entry opening_balance outlet_plan point position_in_list
 reception transport transportation update wash theatre dispatch departure domestic acceptance goods garden pace order_sequence service_system
 non-functional functional entity core_entity data_model user_story user_stories composition management summary change changes log audit_log trail name_of visa mastercard sepa fedex dhl ups apple facebook instagram
 payment_gateway payment_provider accounting_software barcode_scanner spreadsheets drag drop user_interface ui ux
 morning afternoon evening night monday tuesday wednesday thursday friday saturday sunday january february march april may june july
 august september october november december one ones other others both set range variety bunch world market experience quality fact
 colleague boss place_of same anyone whole while availability everyone yes status_page view stock_level_alert world_wide";

/// What each known noun usually is; keys are lower-case lemmas, the words of a phrase joined by a blank.
static NOUNS: LazyLock<BTreeMap<String, Class>> = LazyLock::new(|| {
    let mut map = BTreeMap::new();
    // Later classes give way to earlier ones where a word stands in several, but a property that may be a record stays open.
    for (list, class) in [(RECORDS, Class::Record), (PEOPLE, Class::Person), (PROPERTIES, Class::Property), (STOPS, Class::Stop)] {
        for word in list.split_whitespace() {
            let word = word.replace('_', " ");
            if class == Class::Property && map.get(&word) == Some(&Class::Record) {
                map.insert(word, Class::Either);
            } else {
                map.entry(word).or_insert(class);
            }
        }
    }
    map
});

/// What a noun or noun phrase (lemma) usually is.
pub(super) fn class(key: &str) -> Option<Class> {
    NOUNS.get(key).copied()
}

/// Words that describe without naming another kind of thing; a phrase is the same with and without them.
pub(super) const EMPTY_ADJECTIVES: &str = "new old own other same different various certain specific particular existing current previous next last first second
 main additional extra simple basic detailed complete full whole entire available active inactive open closed regular loyal big small large
 good bad nice best better important necessary needed required optional own given corresponding respective relevant related associated
 all-in-one real actual possible several many few more most less usual common general personal individual separate single multiple
 total overall final initial whole today's daily weekly monthly yearly annual recent latest future past upcoming quick fast easy
 up-to-date correct right wrong proper free paid unpaid busy ready selected chosen assigned automatic online digital electronic internal external
 clear exact such favourite favorite busiest top short long high low much enough registered authorised authorized local favourite unique
 every-day original multiple standard special default public private physical planned completed finished cancelled canceled confirmed pending overdue";

/// Adjectives that name a kind: `medical record`, `annual leave`.
pub(super) const KIND_ADJECTIVES: &str = "medical dental legal financial technical spare mobile postal social commercial residential industrial educational electric
 electronic live virtual hot cold raw fixed variable monthly hourly fiscal clinical veterinary surgical musical sporting corporate blank
 red green blue black white heavy light dirty clean warm fresh frozen dry wet fragile happy sad sick healthy";

pub(super) const PREPOSITIONS: &str = "of in on at by for with from to into onto about per via through during before after until till since without within
 under over between among against towards toward across along around behind beyond like than as inside outside upon including regarding concerning except plus out off up down";

pub(super) const ADVERBS: &str = "also too then than so very just only still already now soon later always never often sometimes usually normally typically
 automatically manually currently additionally finally ideally probably maybe perhaps instead together here there where when why how
 not n't please even ever again once twice really well basically mostly mainly directly quickly easily online offline currently
 optionally however therefore thus otherwise moreover furthermore respectively etc i.e e.g eg ie simply exactly nicely right away back ahead yet else rather quite almost either neither";

pub(super) const CONJUNCTIONS: &str = "but if because that which who whom whose whether although though while unless since whereas what nor";

pub(super) const PRONOUNS: &str = "it they we i you he she them us me him her its their our my your his this these those that itself themselves ours myself yourself ourselves himself herself";

pub(super) const MODALS: &str = "can could may might must shall should will would need needs wants want cannot can't couldn't won't mustn't shouldn't wouldn't don't doesn't didn't do does did
 we'd i'd they'd we'll i'll they'll you'll it'll let lets let's";

pub(super) const BE: &str = "is are was were be been being am isn't aren't wasn't weren't i'm we're they're you're it's that's there's become becomes remain remains stays get gets got";
