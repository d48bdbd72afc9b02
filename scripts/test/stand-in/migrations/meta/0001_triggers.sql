-- A trigger has semicolons of its own; so has this comment;
CREATE TRIGGER nodes_logged AFTER INSERT ON nodes BEGIN
  INSERT INTO log(what) VALUES ('inserted; ' || new.name);
  INSERT INTO log(what) VALUES ('again');
END;
--> statement-breakpoint
CREATE INDEX nodes_name ON nodes (name);
