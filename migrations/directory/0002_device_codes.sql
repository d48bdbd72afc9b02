CREATE TABLE `device_codes` (
	`user_code` text PRIMARY KEY NOT NULL,
	`device_code_hash` text NOT NULL,
	`name` text NOT NULL,
	`network_hash` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`polled_at` integer,
	`answer` text,
	`user_id` text,
	`answered_by` text
) WITHOUT ROWID, STRICT;
--> statement-breakpoint
ALTER TABLE `devices` ADD `kind` text DEFAULT 'command' NOT NULL;
