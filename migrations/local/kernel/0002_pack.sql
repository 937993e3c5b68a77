-- What came in a pack: a document as it was at the base of its space, without the entries that made it so.
alter table kernel_doc add column base blob;
alter table kernel_space add column base integer not null default 0;
alter table kernel_space add column base_chain blob;

-- Whose an Automerge actor is, where no entry tells it.
create table kernel_actor (doc text not null, actor blob not null, device blob not null, primary key (doc, actor)) strict, without rowid;

-- A pack that is being taken over: what it brings the space to, and how much of it is here.
create table kernel_pack (
  space text primary key,
  epoch blob not null,
  seq integer not null,
  chain blob not null,
  doc text,
  record integer not null default 0,
  done integer not null default 0,
  total integer not null
) strict;

-- Places of the log with their proofs, thinner the older: where this device and a server that has another log part.
create table kernel_mark (space text not null, seq integer not null, chain blob not null, primary key (space, seq)) strict, without rowid;
