-- How far the others have read a log, as their devices told each other; it promises nothing.
create table kernel_seen (space text not null, person text not null, seq integer not null, at integer not null, primary key (space, person)) strict, without rowid;
