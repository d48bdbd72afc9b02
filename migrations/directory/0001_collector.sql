CREATE TABLE `gc_cursors` (
	`walk` text PRIMARY KEY NOT NULL,
	`position` text NOT NULL,
	`round_started_at` integer NOT NULL
) WITHOUT ROWID, STRICT;
--> statement-breakpoint
CREATE TABLE `gc_runs` (
	`started_at` integer NOT NULL,
	`run_id` text NOT NULL,
	`kind` text NOT NULL,
	`finished_at` integer,
	`seen` integer DEFAULT 0 NOT NULL,
	`deleted` integer DEFAULT 0 NOT NULL,
	`bytes_freed` integer DEFAULT 0 NOT NULL,
	`errors` integer DEFAULT 0 NOT NULL,
	`details` text DEFAULT '{}' NOT NULL,
	PRIMARY KEY(`started_at`, `run_id`)
) WITHOUT ROWID, STRICT;
