package plan

import (
	"maps"
	"strings"
)

func words(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// volatileFunctions return something else in each session, or each time.
// TestFunctions holds this and the next list against the engine's catalog.
var volatileFunctions = words(`
	ago current_catalog current_connection_id current_database current_date current_localtime current_localtimestamp current_query
	current_query_id current_role current_schema current_schemas current_setting current_transaction_id current_user currval error
	gen_random_uuid get_block_size get_current_time get_current_timestamp getvariable in_search_path nextval now pg_conf_load_time
	pg_my_temp_schema pg_postmaster_start_time pg_sleep random session_user setseed sleep_ms stats today transaction_timestamp
	txid_current user uuid uuidv4 uuidv7 write_log`)

// aggregateFunctions make one value of many rows.
var aggregateFunctions = words(`
	any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null arg_max_nulls_last arg_min
	arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and bit_or bit_xor bitstring_agg bool_and bool_or corr count
	count_if count_star countif covar_pop covar_samp entropy favg first fsum geomean geometric_mean group_concat histogram
	histogram_exact json_group_array json_group_object json_group_structure kahan_sum kurtosis kurtosis_pop last list listagg mad
	max max_by mean median min min_by mode product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count
	regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy reservoir_quantile sem skewness stddev stddev_pop stddev_samp
	string_agg sum sum_no_overflow sumkahan var_pop var_samp variance wavg weighted_avg`)

// steadyAggregates return the same value in whichever order the rows come. The
// sums among them do so for exact numbers only.
var (
	steadyAggregates = words(`bit_and bit_or bit_xor bool_and bool_or count count_if count_star countif max median min
		quantile_cont quantile_disc regr_count`)
	exactAggregates = words(`avg mean sum`)
)

// steadyWindows number or compare rows that are peers alike.
var steadyWindows = words(`WINDOW_RANK WINDOW_RANK_DENSE WINDOW_PERCENT_RANK WINDOW_CUME_DIST`)

// keyFunctions may be part of an expression by which rows are split: plain
// functions of their arguments. Those that strictFunctions has too are null
// where an argument is.
var (
	strictFunctions = words(`
		% & * + - / // << >> ^ abs ascii btrim century ceil ceiling char_length character_length chr date_part date_trunc datepart
		datetrunc day dayofmonth dayofweek dayofyear decade epoch floor hour isodow isoyear lcase left len length lower lpad ltrim
		md5 microsecond millisecond minute mod month quarter regexp_extract regexp_replace repeat replace reverse right
		round rpad rtrim second sha256 split_part strftime strlen strip_accents substr substring to_char to_date translate trim trunc
		ucase upper week weekday weekofyear year yearweek || kallad_exact kallad_numeric`)
	keyFunctions = merge(strictFunctions, words(`concat concat_ws ifnull nullif`))
)

func merge(a, b map[string]bool) map[string]bool {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
