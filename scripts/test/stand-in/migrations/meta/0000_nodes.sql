CREATE TABLE nodes (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
--> statement-breakpoint
CREATE TABLE log (what TEXT NOT NULL);
