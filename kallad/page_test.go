package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/kallad/browsertest"
	"kallad/worker/recon"
)

// hostile is text that would show itself as markup if it could.
const hostile = `<img src=x onerror=document.title='owned'><b>bold</b>`

// pageFolder has sources whose texts are hostile, and figures that are easily
// shown wrong.
func pageFolder(t *testing.T) string {
	t.Helper()
	dir := folder(t, joinOnReference)
	write(t, dir, "odd.csv", "invoice_id,customer,amount\n007,\""+hostile+"\",100.01\n008,,12345678901234567890.50\n009,Acme,1.00\n")
	var many strings.Builder
	many.WriteString("payment_id,reference_number,paid_amount\n")
	for i := range 20001 {
		fmt.Fprintf(&many, "P%05d,%d,1.00\n", i, i)
	}
	write(t, dir, "many.csv", many.String())
	return dir
}

// noFaults is that the page complained about nothing and loaded nothing from
// elsewhere.
func noFaults(t *testing.T, page *browsertest.Page, origin string) {
	t.Helper()
	assert.Empty(t, page.Faults(), "the console is silent")
	for _, address := range page.Loads() {
		assert.True(t, strings.HasPrefix(address, origin+"/"), "loaded %s", address)
	}
}

func fits(t *testing.T, page *browsertest.Page, what string) {
	t.Helper()
	page.Size(360, 740)
	assert.EqualValues(t, 0, page.Eval("document.documentElement.scrollWidth - innerWidth"), "%s on a phone: nothing to scroll sideways", what)
	page.Size(1280, 900)
}

func TestThePageShowsJobsAndTheirEvidence(t *testing.T) {
	t.Parallel()
	dir := pageFolder(t)
	c := listen(t)
	s := startScheduler(t, dir, "--max-jobs", "1")
	page := browsertest.Open(t, s.url+"/")
	page.AwaitText("No jobs yet")
	page.AwaitText("Live")
	fits(t, page, "an empty list")

	odd := calling(c, "odd", joinOnReference)
	odd.Sources[0].URI, odd.EvidenceColumns = "odd.csv", recon.EvidenceAll
	require.Equal(t, 202, s.post(t, odd))
	page.Await(`document.querySelector("tr.succeeded a")?.innerText === "odd"`)
	nearly := calling(c, "nearly", "SELECT l.payment_id AS a, r.payment_id AS b FROM left_src l JOIN right_src r ON l.payment_id = r.payment_id WHERE l.payment_id <> 'P00000'")
	nearly.Sources[0].URI, nearly.Sources[1].URI = "many.csv", "many.csv"
	nearly.PrimaryKeys = map[string][]string{"left_src": {"payment_id"}, "right_src": {"payment_id"}}
	require.Equal(t, 202, s.post(t, nearly))
	require.Equal(t, 202, s.post(t, calling(c, "wrong", "SELECT l.nothing FROM left_src l, right_src r")))
	s.awaitState(t, "wrong", "failed")
	require.Equal(t, 202, s.post(t, calling(c, "endless", endless)))
	require.Equal(t, 202, s.post(t, calling(c, "waiting", joinOnReference)))
	page.Await(`document.querySelectorAll(".jobs tbody tr").length === 5 && document.querySelector("tr.running .meter-text")?.innerText.includes("matching")`)
	assert.Equal(t, []string{"waiting", "endless", "wrong", "nearly", "odd"}, page.Texts(".jobs .run"), "the newest first")
	assert.Equal(t, []string{"Queued", "Running", "Failed", "Succeeded", "Succeeded"}, page.Texts(".jobs .state"))
	assert.Contains(t, page.Text("tr.failed .outcome"), "nothing")
	assert.Contains(t, page.Text("tr.queued .outcome"), "next in line")
	assert.Contains(t, page.Texts("tr.succeeded .rates")[0], "left_src 99.99 %, right_src 99.99 %", "20,000 of 20,001 are not all")
	assert.Equal(t, []string{"All 5", "Queued 1", "Running 1", "Succeeded 2", "Failed 1", "Cancelled 0"}, page.Texts(".filters button"))
	assert.Contains(t, page.Text("main"), "1 of at most 1 job is running, 1 is waiting.")
	fits(t, page, "the list")

	page.Eval(`document.querySelector("#find").focus()`)
	page.Type("odd")
	page.Await(`document.querySelectorAll(".jobs tbody tr").length === 1`)
	page.Eval(`document.querySelector(".jobs .run a").click()`)
	page.AwaitText("Result")
	assert.Equal(t, "odd – kallad", page.Eval("document.title"))
	page.AwaitText("was told")
	assert.Equal(t, []string{"3", "3", "1", "1", "2", "2", "33.33 %", "33.33 %"}, page.Texts(".ledger tbody td"))
	assert.Subset(t, page.Texts(".timeline tbody th"), []string{"Look at the sources", "Read left_src", "Read right_src", "Match", "Publish the evidence"})
	assert.EqualValues(t, len(page.Texts(".timeline tbody th")), page.Eval(`document.querySelectorAll(".timeline rect").length`), "a bar each")
	page.AwaitText("2 rows in out/odd/unmatched_left.parquet")
	assert.Equal(t, []string{"record_key\ntext", "rejection_reason\ntext"}, page.Texts(".evidence th")[:2])
	assert.Contains(t, page.Texts(".evidence tbody td"), "12345678901234567890.50", "every digit")
	fits(t, page, "a job")

	page.Eval(`document.querySelector("#tab-matched").click()`)
	page.AwaitText("1 row in out/odd/matched.parquet")
	page.Eval(`document.querySelector("#tab-unmatched_left").click()`)
	page.AwaitText("2 rows in")
	assert.EqualValues(t, 0, page.Eval(`document.querySelectorAll("td img, td b").length`), "data is text")

	page.Eval(`location.hash = "#/job/wrong"`)
	page.AwaitText("Why it failed")
	assert.Contains(t, page.Text(".error"), "nothing")
	fits(t, page, "a failed job")
	noFaults(t, page, s.url)
	assert.NotContains(t, page.Eval("document.title"), "owned")
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	dir := pageFolder(t)
	c := listen(t)
	s := startScheduler(t, dir)
	job := calling(c, "hostile", "SELECT l.invoice_id, r.payment_id, l.customer AS \"<i>name</i>\" FROM left_src l JOIN right_src r ON l.invoice_id = r.reference_number")
	job.Sources[0].URI = "odd.csv"
	require.Equal(t, 202, s.post(t, job))
	s.awaitState(t, "hostile", "succeeded")
	bad := calling(c, "bad", `SELECT "`+strings.ReplaceAll(hostile, `"`, "")+`" FROM left_src, right_src`)
	require.Equal(t, 202, s.post(t, bad))
	s.awaitState(t, "bad", "failed")

	page := browsertest.Open(t, s.url+"/#/job/hostile")
	page.AwaitText("unmatched_left.parquet")
	page.Eval(`document.querySelector("#tab-matched").click()`)
	page.AwaitText("1 row in out/hostile/matched.parquet")
	assert.Contains(t, page.Texts(".evidence td"), hostile)
	assert.Contains(t, page.Texts(".evidence th"), "<i>name</i>\ntext")
	page.Eval(`location.hash = "#/job/bad"`)
	page.AwaitText("Why it failed")
	assert.Contains(t, page.Text(".error"), "<img src=x")
	page.Eval(`location.hash = "#/job/" + encodeURIComponent("<img src=x onerror=document.title=1>")`)
	page.AwaitText("knows no job")
	assert.EqualValues(t, 0, page.Eval(`document.querySelectorAll("main img, main i, main b").length`))
	for _, address := range page.Loads() {
		assert.True(t, strings.HasPrefix(address, s.url+"/"), "loaded %s", address)
	}
}

func TestThePageWorksWithoutAMouse(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	c := listen(t)
	s := startScheduler(t, dir, "--max-jobs", "1")
	require.Equal(t, 202, s.post(t, calling(c, "done", joinOnReference)))
	s.awaitState(t, "done", "succeeded")
	require.Equal(t, 202, s.post(t, calling(c, "endless", endless)))
	s.awaitState(t, "endless", "running")
	page := browsertest.Open(t, s.url+"/")
	page.Await(`document.querySelectorAll(".jobs tbody tr").length === 2`)
	focused := func() string {
		text, _ := page.Eval(`document.activeElement.innerText || document.activeElement.id || document.activeElement.tagName`).(string)
		return strings.TrimSpace(text)
	}
	tabTo := func(want string) {
		t.Helper()
		var seen []string
		for range 25 {
			page.Key("Tab")
			now := focused()
			if now == want {
				assert.NotEqual(t, "none", page.Eval("getComputedStyle(document.activeElement).outlineStyle"), "%s shows that it has the focus", want)
				return
			}
			seen = append(seen, now)
		}
		require.Failf(t, "never came to "+want, "%q", seen)
	}
	page.Key("Tab")
	require.Equal(t, "Skip to the content", focused())
	assert.Equal(t, true, page.Eval("document.activeElement.getBoundingClientRect().left >= 0"), "it is seen when it has the focus")
	page.Key("Enter")
	require.Equal(t, "main", page.Eval("document.activeElement.id"))
	tabTo("Succeeded 1")
	page.Key("Space")
	page.Await(`document.querySelectorAll(".jobs tbody tr").length === 1`)
	tabTo("find")
	tabTo("done")
	page.Key("Enter")
	page.AwaitText("Evidence")
	assert.Equal(t, "done", focused(), "the heading of the new view")
	tabTo("Unmatched left 1")
	page.Key("ArrowRight")
	page.AwaitText("out/done/unmatched_right.parquet")
	require.Equal(t, "Unmatched right 1", focused())
	page.Key("Home")
	page.AwaitText("out/done/matched.parquet")
	page.Key("Tab")
	assert.Equal(t, "Rows of the file", page.Eval("document.activeElement.ariaLabel"), "what scrolls can be scrolled by keys")
	page.Key("Shift+Tab")
	assert.Equal(t, "Matched 2", focused())

	page.Eval(`location.hash = "#/job/endless"`)
	page.AwaitText("Running for")
	tabTo("Cancel…")
	page.Key("Enter")
	page.Await(`document.querySelector("#ask-cancel").open`)
	require.Equal(t, "Let it run", focused(), "the answer that does no harm")
	page.Key("Escape")
	page.Await(`!document.querySelector("#ask-cancel").open`)
	require.Equal(t, "Cancel…", focused())
	page.Key("Enter")
	page.Await(`document.querySelector("#ask-cancel").open`)
	tabTo("Cancel the job")
	page.Key("Enter")
	page.Await(`document.querySelector(".now .state")?.innerText === "Cancelled"`)
	s.awaitState(t, "endless", "cancelled")
	page.Await(`document.querySelector("#announcer").innerText === "Job endless: Cancelled"`)
	noFaults(t, page, s.url)
}

func TestThePageAsksForTheToken(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	s := startScheduler(t, dir, "--token", testToken)
	resp, err := http.Get(s.url + "/api/jobs")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, 401, resp.StatusCode, "the page is for all, what it shows is not")

	page := browsertest.Open(t, s.url+"/")
	page.Await(`document.querySelector("#ask-token").open && document.activeElement.id === "token"`)
	page.Type("not the")
	page.Eval(`document.querySelector("#ask-token").addEventListener("close", () => { window.timesClosed++ }); window.timesClosed = 0`)
	for range 4 { // a browser's own rules let a second one close what the first must not
		page.Key("Escape")
		require.Equal(t, true, page.Eval(`document.querySelector("#ask-token").open && document.activeElement.id === "token"`))
	}
	require.EqualValues(t, 0, page.Eval("window.timesClosed"), "not for a moment")
	require.Equal(t, "not the", page.Eval("document.activeElement.value"))
	page.Eval(`document.querySelector("#ask-token").close()`)
	page.Await(`document.querySelector("#ask-token").open && document.activeElement.id === "token"`)
	page.Type(" token")
	page.Key("Enter")
	page.AwaitText("That is not the right token.")
	page.Await(`document.activeElement.id === "token" && document.activeElement.value === ""`)
	page.Type(testToken)
	page.Key("Enter")
	page.AwaitText("No jobs yet")
	assert.Equal(t, testToken, page.Eval(`sessionStorage.getItem("kallad-token")`))
	assert.EqualValues(t, 0, page.Eval("localStorage.length + document.cookie.length"))
	page.Go(s.url + "/#/job/none")
	page.AwaitText("knows no job")
	page.Eval(`document.querySelector("#forget").click()`)
	page.Await(`document.querySelector("#ask-token")?.open && sessionStorage.length === 0`)
	for _, address := range page.Loads() {
		assert.NotContains(t, address, testToken, "no address has it")
	}
}

func TestThePageWaitsForItsScheduler(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	s := startScheduler(t, dir)
	page := browsertest.Open(t, s.url+"/")
	page.AwaitText("Live")
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	page.AwaitText("No connection to the scheduler")
	_ = s.cmd.Wait()
	_, port, _ := strings.Cut(s.url, "127.0.0.1:")
	again := startScheduler(t, dir, "--http-port", port)
	require.Equal(t, s.url, again.url)
	page.AwaitText("Live")
	page.AwaitText("No jobs yet")
}

// contrast is WCAG's ratio between two colours that a page computed.
const contrast = `((a, b) => {
	const light = (c) => {
		const [r, g, b] = c.match(/[\d.]+/g).slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
	return (x + 0.05) / (y + 0.05);
})`

func TestThePageCanBeRead(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	c := listen(t)
	s := startScheduler(t, dir)
	require.Equal(t, 202, s.post(t, calling(c, "done", joinOnReference)))
	s.awaitState(t, "done", "succeeded")
	require.Equal(t, 202, s.post(t, calling(c, "wrong", "SELECT 1 FROM nothing")))
	s.awaitState(t, "wrong", "failed")
	page := browsertest.Open(t, s.url+"/")
	for _, view := range []struct{ address, text string }{{"#/", "Failed 1"}, {"#/job/done", "unmatched_left.parquet"}, {"#/job/wrong", "Why it failed"}} {
		page.Eval(fmt.Sprintf("location.hash = %q", view.address))
		page.AwaitText(view.text)
		for _, scheme := range []string{"light", "dark"} {
			page.Prefer("prefers-color-scheme", scheme)
			faint := page.Eval(`[...document.querySelectorAll("body *")].filter((e) =>
				!e.disabled && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && e.checkVisibility() && !e.closest("dialog, noscript, .unseen"))
				.filter((e) => ` + contrast + `(getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor) < 4.5)
				.map((e) => e.outerHTML)`)
			assert.Empty(t, faint, "%s, %s", view.address, scheme)
		}
		assert.Empty(t, page.Eval(`[...document.querySelectorAll("button, input, a, progress, [role=region]")].filter((e) =>
			!(e.innerText.trim() || e.ariaLabel || e.labels?.length || e.closest("dialog"))).map((e) => e.outerHTML)`), "everything has a name")
		assert.Equal(t, []any{"HEADER", "MAIN", "FOOTER"}, page.Eval(`[...document.body.querySelectorAll("header, main, footer")].map((e) => e.tagName)`))
		assert.EqualValues(t, 1, page.Eval(`document.querySelectorAll("h1").length`))
		assert.Empty(t, page.Eval(`[...document.querySelectorAll("thead th")].filter((e) => e.scope !== "col").map((e) => e.outerHTML)`))
	}
	page.Prefer("prefers-reduced-motion", "reduce")
	assert.Equal(t, "none", page.Eval(`getComputedStyle(document.body).transitionProperty === "none" ? "none" : getComputedStyle(document.body).transitionProperty`))
	noFaults(t, page, s.url)
}
