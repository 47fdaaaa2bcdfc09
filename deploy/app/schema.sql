-- The tables of the API in front of kallad, as far as runs are concerned.
CREATE TABLE IF NOT EXISTS sources (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  alias       text UNIQUE NOT NULL,
  uri         text NOT NULL,
  source_type text NOT NULL,
  status      text DEFAULT 'connected',
  created_at  timestamptz DEFAULT now(),
  updated_at  timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS recipes (
  id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  recipe_id         text UNIQUE NOT NULL,
  name              text NOT NULL,
  description       text,
  match_sql         text NOT NULL,
  match_description text,
  -- {"left": {"alias", "uri", "primary_key": []}, "right": {...}}; a side without a uri has that of the
  -- source named by its "source". The query names the sides by their aliases, left_src and right_src.
  sources           jsonb NOT NULL,
  created_at        timestamptz DEFAULT now(),
  updated_at        timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS runs (
  id                     uuid PRIMARY KEY,
  recipe_id              text REFERENCES recipes(recipe_id),
  status                 text NOT NULL,
  matched_count          bigint,
  unmatched_left_count   bigint,
  unmatched_right_count  bigint,
  output_matched         text,
  output_unmatched_left  text,
  output_unmatched_right text,
  error_message          text,
  created_at             timestamptz DEFAULT now(),
  updated_at             timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS run_progress (
  run_id        uuid PRIMARY KEY,
  stage         text NOT NULL,
  progress      double precision NOT NULL,
  matched_count bigint NOT NULL,
  total_left    bigint NOT NULL,
  total_right   bigint NOT NULL,
  updated_at    timestamptz DEFAULT now()
);
