-- Every table here is drawn from blueprint documents and can be drawn anew.
-- Numbers of elements are this device's own; the search index counts its rows by them.
create table blueprint_element (
  n integer primary key,
  doc text not null,
  element text not null,
  unique (doc, element)
) strict;

create table blueprint_requirement (
  doc text not null,
  requirement text not null,
  number integer not null,
  suffix text not null,
  text text not null,
  kind text not null,
  priority text not null,
  state text not null,
  place text not null,
  brief text,
  sentence text,
  span_start integer,
  span_end integer,
  because text not null,
  primary key (doc, requirement)
) strict, without rowid;
create index blueprint_requirement_place on blueprint_requirement (doc, place, requirement);
create index blueprint_requirement_number on blueprint_requirement (doc, number, requirement);

create table blueprint_entity (
  doc text not null,
  entity text not null,
  name text not null,
  label text not null,
  note text not null,
  x real,
  y real,
  brief text,
  sentence text,
  because text not null,
  primary key (doc, entity)
) strict, without rowid;

create table blueprint_attribute (
  doc text not null,
  entity text not null,
  attribute text not null,
  name text not null,
  label text not null,
  type text not null,
  choices text not null,
  required integer not null,
  uniq integer not null,
  place text not null,
  brief text,
  sentence text,
  because text not null,
  primary key (doc, entity, attribute)
) strict, without rowid;

create table blueprint_relation (
  doc text not null,
  relation text not null,
  source text not null,
  target text not null,
  cardinality text not null,
  label text not null,
  brief text,
  sentence text,
  because text not null,
  primary key (doc, relation)
) strict, without rowid;

create table blueprint_link (
  doc text not null,
  requirement text not null,
  entity text not null,
  primary key (doc, requirement, entity)
) strict, without rowid;
create index blueprint_link_entity on blueprint_link (doc, entity, requirement);

create table blueprint_brief (
  doc text not null,
  brief text not null,
  title text not null,
  text text not null,
  at integer not null,
  author text not null,
  primary key (doc, brief)
) strict, without rowid;

-- Which waiting changes touch which elements, so that a screen can mark what the server does not have yet.
create table blueprint_touch (
  doc text not null,
  element text not null,
  hash blob not null,
  primary key (doc, element, hash)
) strict, without rowid;
create index blueprint_touch_hash on blueprint_touch (hash);

create virtual table blueprint_text using fts5 (title, body, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
