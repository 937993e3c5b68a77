-- What two people decided differently while they were apart, until somebody decides again: drawn from documents like the
-- rest. The values themselves stay in the document.
create table blueprint_conflict (
  doc text not null,
  element text not null,
  part text not null,
  field text not null,
  primary key (doc, element, part, field)
) strict, without rowid;
