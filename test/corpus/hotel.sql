-- The hotel's tables with their rows, in MariaDB. The rows follow from their numbers, so every run sees the same ones.

CREATE DATABASE hotel;
USE hotel;

CREATE TABLE guests (
  id int PRIMARY KEY,
  name varchar(100) NOT NULL,
  email varchar(100) NOT NULL,
  KEY (email)
);
INSERT INTO guests
SELECT seq, concat('Guest ', seq), concat('guest', seq, '@example.com') FROM seq_1_to_3000;

CREATE TABLE rooms (
  id int PRIMARY KEY,
  price_cents int NOT NULL,
  free int NOT NULL,
  description varchar(400) NOT NULL
);
INSERT INTO rooms
SELECT seq, 4000 + seq * 37 % 20000, 1000000, repeat('With a view of the lake. ', 12) FROM seq_1_to_4000;

CREATE TABLE stays (
  id int PRIMARY KEY,
  guest_id int NOT NULL,
  room_id int NOT NULL,
  nights int NOT NULL,
  status varchar(10) NOT NULL
);
INSERT INTO stays
SELECT seq, 1 + seq * 7919 % 3000, 1 + seq * 613 % 4000, 1 + seq % 9, elt(1 + seq % 3, 'booked', 'here', 'gone')
FROM seq_1_to_100000;

CREATE TABLE charges (
  stay_id int NOT NULL,
  position int NOT NULL,
  item varchar(40) NOT NULL,
  price_cents int NOT NULL,
  PRIMARY KEY (stay_id, position)
);
INSERT INTO charges
SELECT stays.seq, positions.seq, concat('Item ', 1 + (stays.seq + positions.seq) % 500), 100 + stays.seq % 9000
FROM seq_1_to_100000 AS stays, seq_1_to_4 AS positions;

CREATE TABLE minibar (
  stay_id int NOT NULL,
  item varchar(40) NOT NULL
);

CREATE TABLE tariffs (
  season varchar(10) PRIMARY KEY,
  percent int NOT NULL
);
INSERT INTO tariffs VALUES ('winter', 80), ('spring', 100), ('summer', 130), ('autumn', 95);

ANALYZE TABLE guests, rooms, stays, charges;
