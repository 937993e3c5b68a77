-- One log, outbox and quarantine: an entry without seq waits for the server; one with refused_code was refused by it.
create table kernel_space (
  space text primary key,
  server text,
  role text not null,
  seq integer not null,
  chain blob not null,
  epoch blob,
  head integer,
  head_chain blob,
  paused integer not null default 0,
  proven_at integer,
  problem_en text,
  problem_ru text
) strict;

create table kernel_entry (
  n integer primary key,
  space text not null,
  id blob not null,
  kind integer not null,
  subject text not null,
  device blob not null,
  at integer not null,
  seq integer,
  bytes blob not null,
  refused_code text,
  refused_en text,
  refused_ru text,
  unique (space, id)
) strict;
create index kernel_entry_subject on kernel_entry (subject, n);
create index kernel_entry_outbox on kernel_entry (space, n) where seq is null;
create index kernel_entry_refused on kernel_entry (space, n) where refused_code is not null;
create unique index kernel_entry_seq on kernel_entry (space, seq) where seq is not null;

-- A document is its snapshot and the changes after it, up to entry snapshot_n.
create table kernel_doc (
  doc text primary key,
  space text not null,
  snapshot blob,
  snapshot_n integer not null default 0
) strict;
create index kernel_doc_space on kernel_doc (space);

-- Who wrote with which device key, and who may do what in a space: mirrored from the server.
create table kernel_device (
  device blob primary key,
  person text not null,
  name text not null
) strict;

create table kernel_member (
  space text not null,
  person text not null,
  name text not null,
  role text not null,
  online integer not null,
  primary key (space, person)
) strict;

-- One step of a person's own work in a document; hashes are 32 bytes each, oldest first.
create table kernel_undo (
  n integer primary key,
  doc text not null,
  hashes blob not null,
  label text not null,
  element text,
  at integer not null,
  undone integer not null default 0
) strict;
create index kernel_undo_doc on kernel_undo (doc, undone, n);

create table kernel_setting (
  name text primary key,
  value text not null
) strict;
