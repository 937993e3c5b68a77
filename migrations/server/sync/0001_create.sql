create table sync_space (space text primary key, epoch blob not null, head bigint not null, chain blob not null, bytes bigint not null, quota bigint);
create table sync_entry (space text not null, seq bigint not null, id blob not null, kind bigint not null, subject text not null, bytes blob not null, chain blob not null, device blob not null, at bigint not null, primary key (space, seq));
create unique index sync_entry_id on sync_entry (space, id);
-- How far each author of a document has counted, and whose it is.
create table sync_actor (space text not null, doc text not null, actor blob not null, device blob not null, seq bigint not null, primary key (space, doc, actor));
create table sync_author (space text not null, device blob not null, primary key (space, device));
