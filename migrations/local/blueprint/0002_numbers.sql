-- Every number that a requirement was ever given, also after the requirement went: drawn from documents like the rest.
create table blueprint_number (
  doc text not null,
  requirement text not null,
  number integer not null,
  primary key (doc, requirement)
) strict, without rowid;
create index blueprint_number_number on blueprint_number (doc, number, requirement);

insert into blueprint_number (doc, requirement, number)
select doc, requirement, number from blueprint_requirement where number > 0 and number < 1000000;
