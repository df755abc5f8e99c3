-- Merges take ten parts of a size and not five: a span is rewritten a third fewer times, and merging it once costs ClickHouse twice
-- what inserting it does. At most some ten parts more rest in a day, which the questions of pages don't notice.
ALTER TABLE spans {{on_cluster}} MODIFY SETTING merge_selector_base = 10
