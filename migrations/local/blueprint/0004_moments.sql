-- Every change of a blueprint with what it touched, in an order that is the same on every device: read from the document
-- once, when someone looks back. effective is the change's time, or that of the latest change it builds on if its clock
-- was behind; depth breaks ties.
create table blueprint_moment (
  doc text not null,
  hash blob not null,
  actor blob not null,
  at integer not null,
  effective integer not null,
  depth integer not null,
  deps blob not null,
  message text not null,
  elements text not null,
  primary key (doc, hash)
) strict, without rowid;
create index blueprint_moment_order on blueprint_moment (doc, effective, depth, hash);

-- Up to where the moments of a document are read.
create table blueprint_moments (doc text primary key, heads blob not null) strict, without rowid;
