-- What happened to people and devices, where several nodes serve: each hears it at once if it can, and reads it here if it could not.
create table sync_news (n bigint primary key, name text not null, subject text not null);
