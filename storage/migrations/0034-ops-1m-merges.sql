-- As spans: of the rollups it has the most rows, and as long as its parts are small each merge rewrites all of them.
ALTER TABLE ops_1m {{on_cluster}} MODIFY SETTING merge_selector_base = 10
