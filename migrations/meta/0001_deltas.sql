CREATE TABLE `deltas` (
	`user_id` text NOT NULL,
	`target` text NOT NULL,
	`base` text NOT NULL,
	`bases` text NOT NULL,
	`size` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `target`, `base`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `changes` ADD `deltas` text;