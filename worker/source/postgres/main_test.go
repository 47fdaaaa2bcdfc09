package postgres_test

import (
	"os"
	"testing"

	"kallad/worker/source/postgres/pgtest"
)

var server = pgtest.New()

func TestMain(m *testing.M) { os.Exit(server.Run(m)) }
