-- The documents of each space, so that a client can be told what there is without reading the log.
create table sync_document (space text not null, doc text not null, primary key (space, doc));
insert into sync_document (space, doc) select distinct space, subject from sync_entry where kind = 1;
