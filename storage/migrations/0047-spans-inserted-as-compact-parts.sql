-- An insert writes its spans to one file, not to two or four for each column: to make, sync and remove 320 files was a third of what it cost.
-- What a merge makes of ten such parts is large enough for files of their own. At most so many bytes, not compressed, as a file of the journal has.
ALTER TABLE spans {{on_cluster}} MODIFY SETTING min_bytes_for_wide_part = 67108864
