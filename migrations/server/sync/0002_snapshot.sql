-- A document as Automerge saves it; together they hold every change of the log up to its entry `sealed`.
create table sync_snapshot (space text not null, doc text not null, bytes blob not null, primary key (space, doc));
alter table sync_space add column sealed bigint not null default 0;
create index sync_space_grown on sync_space ((head - sealed));
create index sync_entry_record on sync_entry (space, seq) where kind = 2;
