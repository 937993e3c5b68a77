-- Keys that the server holds and signs with in the name of people whose client has none. A person has one at a time.
create table door_key (device blob primary key, person text not null, seed blob not null, created bigint not null);
create index door_key_person on door_key (person, created);
