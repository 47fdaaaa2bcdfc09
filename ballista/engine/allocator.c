/*
 * DuckDB counts what it allocates, but not what its allocator keeps of freed
 * memory for later. With DuckDB's own settings that is up to half of the memory
 * limit once more: pages freed by one thread stay with that thread's arena for a
 * second, and then count as resident for another second although the system may
 * take them (MADV_FREE), while other threads allocate anew. How much, depends on
 * timing. The settings here replace DuckDB's:
 *
 * - oversize_threshold: allocations from this size on, such as hash tables, go
 *   back to the system as soon as they are freed. DuckDB's blocks of 256 KiB are
 *   below it and are reused.
 * - muzzy_decay_ms: freed pages go back at once when their second has passed.
 * - narenas: threads share a few arenas, so that what one of them freed serves
 *   the others.
 *
 * jemalloc reads this variable last, after what DuckDB sets and after the
 * environment. Builds of DuckDB without jemalloc do not look at it.
 */
const char *duckdb_je_malloc_conf_2_conf_harder = "oversize_threshold:524288,muzzy_decay_ms:0,narenas:4";
