package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	"kallad/ballista/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// here are the executors that are not lost.
func (w *world) here() []scheduler.ExecutorStatus {
	return slices.DeleteFunc(w.Executors(), func(e scheduler.ExecutorStatus) bool { return e.State == scheduler.ExecutorLost })
}

// background runs a job and returns what waits for its end.
func (w *world) background(ctx context.Context, job plan.Job, o plan.Observer) func() error {
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx, job, o) }()
	return func() error { return <-done }
}

func TestRunsStagesOnAllSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		a, b := w.join(3), w.join(2)
		o := &observer{}
		require.NoError(t, w.Run(t.Context(), chain("j", 40, 3, 10), o))
		o.check(t, 40)
		require.Equal(t, []string{"write0", "write1", "count", "out"}, o.begun)
		require.Equal(t, 3, a.most)
		require.Equal(t, 2, b.most)
		w.end()
	})
}

func TestEmptyTasksAreDeliveredToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.join(2)
		o := &observer{}
		require.NoError(t, w.Run(t.Context(), chain("j", 1, 2, 6), o))
		o.check(t, 1)
		w.end()
	})
}

func TestLosesNothingWithAnExecutor(t *testing.T) {
	for stage := range 3 {
		t.Run(fmt.Sprint("stage ", stage), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				a := w.join(2)
				w.join(2)
				var once sync.Once
				w.behave = func(e *standIn, task plan.Task) (time.Duration, *control.Ended) {
					if e == a && task.ID.Stage == stage && task.ID.Task > 3 {
						once.Do(func() { go a.kill() })
					}
					return 10 * time.Millisecond, nil
				}
				o := &observer{}
				require.NoError(t, w.Run(t.Context(), chain("j", 30, 3, 8), o))
				o.check(t, 30)
				require.Len(t, w.here(), 1)
				w.end()
			})
		})
	}
}

func TestStoppedExecutorIsLostAndForgetsWhenItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		a := w.join(2)
		w.join(2)
		var once sync.Once
		resume := make(chan func(), 1)
		w.behave = func(e *standIn, task plan.Task) (time.Duration, *control.Ended) {
			if e == a && task.ID.Stage == 1 {
				once.Do(func() { resume <- a.stop() })
			}
			return time.Second, nil
		}
		o := &observer{}
		wait := w.background(t.Context(), chain("j", 30, 3, 8), o)
		goOn := <-resume
		time.Sleep(20 * time.Second) // longer than the timeout
		require.Len(t, w.here(), 1)
		goOn()
		require.NoError(t, wait())
		o.check(t, 30)
		require.Len(t, w.here(), 2, "it is back")
		w.end()
	})
}

func TestShortCutLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		a := w.join(2)
		starts := 0
		var mu sync.Mutex
		w.behave = func(*standIn, plan.Task) (time.Duration, *control.Ended) {
			mu.Lock()
			defer mu.Unlock()
			starts++
			return time.Second, nil
		}
		o := &observer{}
		wait := w.background(t.Context(), chain("j", 30, 2, 4), o)
		time.Sleep(500 * time.Millisecond)
		a.reconnect(2 * time.Second) // tasks end meanwhile
		require.NoError(t, wait())
		o.check(t, 30)
		w.end()
		require.Equal(t, 8, starts, "nothing ran twice")
	})
}

func TestUserErrorEndsTheJobAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.join(2)
		starts := 0
		var mu sync.Mutex
		w.behave = func(_ *standIn, task plan.Task) (time.Duration, *control.Ended) {
			mu.Lock()
			defer mu.Unlock()
			if starts++; task.ID.Task == 1 {
				return 0, &control.Ended{Outcome: control.Outcome_USER_ERROR, Message: "step match: no such column", EngineMessage: "no such column"}
			}
			return time.Hour, nil
		}
		began := time.Now()
		err := w.Run(t.Context(), chain("j", 30, 2, 8), &observer{})
		require.EqualError(t, err, "step match: no such column")
		var fault interface{ QueryFault() bool }
		require.ErrorAs(t, err, &fault)
		require.True(t, fault.QueryFault())
		require.Less(t, time.Since(began), time.Second)
		w.end()
		require.Equal(t, 2, starts)
	})
}

func TestSourceFaultIsTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.join(1)
		w.behave = func(*standIn, plan.Task) (time.Duration, *control.Ended) {
			return 0, &control.Ended{Outcome: control.Outcome_USER_ERROR, Message: "a.csv, line 7: no number"}
		}
		err := w.Run(t.Context(), chain("j", 3, 1, 2), &observer{})
		var fault *scheduler.TaskError
		require.ErrorAs(t, err, &fault)
		require.True(t, fault.InputFault())
		require.EqualError(t, err, "a.csv, line 7: no number")
		w.end()
	})
}

func TestTriesElsewhereBeforeItGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		a := w.join(2)
		w.join(2)
		w.behave = func(e *standIn, _ plan.Task) (time.Duration, *control.Ended) {
			if e == a {
				return 0, &control.Ended{Outcome: control.Outcome_NOT_STARTED, Message: "no spill folder"}
			}
			return time.Second, nil
		}
		o := &observer{}
		require.NoError(t, w.Run(t.Context(), chain("j", 30, 2, 4), o))
		o.check(t, 30)
		require.Len(t, w.Executors(), 2, "an executor that cannot start a task is not lost")
		w.end()
	})
}

func TestGivesUpAfterSomeAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.join(2)
		w.behave = func(*standIn, plan.Task) (time.Duration, *control.Ended) {
			return 0, &control.Ended{Outcome: control.Outcome_RETRYABLE, Message: "connection refused"}
		}
		err := w.Run(t.Context(), chain("j", 3, 1, 1), &observer{})
		require.EqualError(t, err, `connection refused (stage "stage 0", task 0 on executor executor-1, attempt 4)`)
		w.end()
	})
}

func TestOutOfMemoryRunsAloneThenFails(t *testing.T) {
	for name, enough := range map[string]bool{"enough": true, "too little": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.join(2)
				big := w.join(2, func(h *control.Hello) { h.MemoryBytes = 8 << 30 })
				w.behave = func(e *standIn, task plan.Task) (time.Duration, *control.Ended) {
					e.mu.Lock()
					alone := e == big && len(e.running) == 1 && task.ID.Attempt > 0
					e.mu.Unlock()
					if task.ID.Task == 2 && !(alone && enough) {
						return time.Second, &control.Ended{Outcome: control.Outcome_OUT_OF_MEMORY, Message: "step: Out of Memory", EngineMessage: "Out of Memory"}
					}
					return time.Second, nil
				}
				o := &observer{}
				err := w.Run(t.Context(), chain("j", 30, 2, 6), o)
				if enough {
					require.NoError(t, err)
					o.check(t, 30)
				} else {
					var fault interface {
						error
						OutOfMemory() bool
					}
					require.ErrorAs(t, err, &fault)
					require.True(t, fault.OutOfMemory())
					require.EqualError(t, fault, "Out of Memory")
				}
				w.end()
			})
		})
	}
}

func TestFullDiskRunsElsewhereOrFails(t *testing.T) {
	for _, executors := range []int{1, 2} {
		t.Run(fmt.Sprint(executors), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				full := w.join(2)
				if executors == 2 {
					w.join(2)
				}
				w.behave = func(e *standIn, _ plan.Task) (time.Duration, *control.Ended) {
					if e == full {
						return 0, &control.Ended{Outcome: control.Outcome_OUT_OF_DISK, Message: "no space left"}
					}
					return time.Second, nil
				}
				o := &observer{}
				err := w.Run(t.Context(), chain("j", 30, 2, 4), o)
				if executors == 2 {
					require.NoError(t, err)
					o.check(t, 30)
				} else {
					require.ErrorContains(t, err, "no space left")
				}
				w.end()
			})
		})
	}
}

func TestDamagedPieceIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.join(2)
		w.join(2)
		w.damaged = func(p plan.Piece) bool { return p.From.Attempt == 0 && p.From.Task == 1 }
		o := &observer{}
		require.NoError(t, w.Run(t.Context(), chain("j", 30, 3, 4), o))
		o.check(t, 30)
		w.end()
	})
}

func TestNetworkCutBetweenExecutors(t *testing.T) {
	for _, others := range []int{0, 1} {
		t.Run(fmt.Sprint(others, " others"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				a, b := w.join(2), w.join(2)
				for range others {
					w.join(2)
				}
				w.cut = func(from, to string) bool {
					return from == a.id && to == b.id || from == b.id && to == a.id
				}
				o := &observer{}
				require.NoError(t, w.Run(t.Context(), chain("j", 40, 4, 8), o))
				o.check(t, 40)
				require.Len(t, w.Executors(), 2+others, "nobody is lost")
				w.end()
			})
		})
	}
}

func TestSlowTaskGetsASecondAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.join(2)
		w.join(2)
		w.behave = func(_ *standIn, task plan.Task) (time.Duration, *control.Ended) {
			if task.ID.Task == 3 && task.ID.Attempt == 0 {
				return time.Hour, nil
			}
			return time.Second, nil
		}
		began := time.Now()
		o := &observer{}
		require.NoError(t, w.Run(t.Context(), chain("j", 30, 2, 8), o))
		o.check(t, 30)
		require.Less(t, time.Since(began), time.Minute)
		w.end()
	})
}

func TestJobsShareTheSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.join(4)
		w.behave = func(*standIn, plan.Task) (time.Duration, *control.Ended) { return time.Second, nil }
		long, short := &observer{}, &observer{}
		waitLong := w.background(t.Context(), chain("long", 400, 1, 400), long)
		time.Sleep(10 * time.Second)
		began := time.Now()
		require.NoError(t, w.Run(t.Context(), chain("short", 10, 1, 10), short))
		require.LessOrEqual(t, time.Since(began), 7*time.Second, "it has half of the slots: 10 tasks in 2 slots")
		short.check(t, 10)
		require.NoError(t, waitLong())
		long.check(t, 400)
		w.end()
	})
}

func TestCancelFreesEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		e := w.join(2)
		w.behave = func(_ *standIn, task plan.Task) (time.Duration, *control.Ended) {
			return time.Duration(task.ID.Stage) * time.Hour, nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		wait := w.background(ctx, chain("j", 30, 2, 4), &observer{})
		time.Sleep(time.Second)
		e.mu.Lock()
		require.Len(t, e.running, 2)
		require.NotEmpty(t, e.kept)
		e.mu.Unlock()
		cancel()
		require.ErrorIs(t, wait(), context.Canceled)
		time.Sleep(time.Second)
		require.Zero(t, w.Running())
		w.end()
	})
}

func TestExecutorThatJoinsGetsTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.join(1)
		w.behave = func(*standIn, plan.Task) (time.Duration, *control.Ended) { return time.Second, nil }
		o := &observer{}
		wait := w.background(t.Context(), chain("j", 30, 2, 10), o)
		time.Sleep(1500 * time.Millisecond)
		b := w.join(3)
		require.NoError(t, wait())
		o.check(t, 30)
		require.Equal(t, 3, b.most)
		w.end()
	})
}

func TestDrainingExecutorStaysUntilItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		a := w.join(2)
		starts := map[plan.TaskID]bool{}
		var mu sync.Mutex
		w.behave = func(_ *standIn, task plan.Task) (time.Duration, *control.Ended) {
			mu.Lock()
			defer mu.Unlock()
			starts[task.ID] = true
			return time.Second, nil
		}
		o := &observer{}
		wait := w.background(t.Context(), chain("j", 30, 2, 4), o)
		time.Sleep(1500 * time.Millisecond) // half of the first stage is done
		b := w.join(2)
		a.tell(&control.Report{Report: &control.Report_Draining{Draining: &control.Draining{}}})
		time.Sleep(time.Second)
		require.False(t, a.left, "others still have to read what it wrote")
		require.NoError(t, wait())
		o.check(t, 30)
		time.Sleep(time.Second)
		require.True(t, a.left)
		require.False(t, b.left)
		w.end()
		for id := range starts {
			require.Zero(t, id.Attempt, "nothing was made again")
		}
	})
}

func TestFairToObserversThatAreSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.join(2)
		o := &observer{slowly: time.Minute}
		require.NoError(t, w.Run(t.Context(), chain("j", 30, 2, 8), o))
		o.check(t, 30)
		w.end()
	})
}

func TestChoiceFollowsWhatWasFound(t *testing.T) {
	for limit, want := range map[int64]string{8 * 30: "then", 8*30 - 1: "else"} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.join(2)
				job := chain("j", 30, 2, 4)
				last := job.Graph.Stages[1]
				job.Graph.Stages = job.Graph.Stages[:1]
				then, other := last, last
				then.ID, then.Name = 7, "then"
				other.ID, other.Name = 8, "else"
				job.Graph.Choices = []plan.Choice{{
					If:   plan.Condition{Stage: 0, Write: "write0", Limit: limit},
					Then: plan.Graph{Stages: []plan.Stage{then}}, Else: plan.Graph{Stages: []plan.Stage{other}},
				}}
				o := &observer{}
				require.NoError(t, w.Run(t.Context(), job, o))
				o.check(t, 30)
				require.Equal(t, want, o.stages[1].Name)
				w.end()
			})
		})
	}
}

func TestClosingEndsJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		e := w.join(2)
		w.behave = func(*standIn, plan.Task) (time.Duration, *control.Ended) { return time.Hour, nil }
		wait := w.background(t.Context(), chain("j", 30, 2, 4), &observer{})
		time.Sleep(time.Second)
		require.NoError(t, w.Close())
		require.ErrorIs(t, wait(), scheduler.ErrClosed)
		require.ErrorIs(t, w.Run(t.Context(), chain("j", 30, 2, 4), &observer{}), scheduler.ErrClosed)
		e.kill()
		synctest.Wait()
	})
}

// TestWhateverHappens lets executors die, stand still, be cut off, return and
// fail at random while several jobs run. Each must end with every number once,
// and nothing may be left.
func TestWhateverHappens(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { chaos(t, seed) })
		})
	}
}

func chaos(t *testing.T, seed uint64) {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 1))
	random := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return rng.IntN(n)
	}
	w := newWorld(t, func(cfg *scheduler.Config) { cfg.MaxAttempts = 1000 })
	w.behave = func(*standIn, plan.Task) (time.Duration, *control.Ended) {
		took := time.Duration(random(3000)) * time.Millisecond
		switch random(40) {
		case 0:
			return took, &control.Ended{Outcome: control.Outcome_RETRYABLE, Message: "bad luck"}
		case 1:
			return took, &control.Ended{Outcome: control.Outcome_NOT_STARTED, Message: "bad luck"}
		case 2:
			return 100 * took, nil
		}
		return took, nil
	}
	w.damaged = func(plan.Piece) bool { return random(60) == 0 }
	safe := w.join(1 + random(3)) // one that stays, so that the end comes
	// A job that is stuck is found out: the bubble's time costs nothing.
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	var waits []func() error
	var observers []*observer
	for i := range 1 + random(3) {
		o := &observer{slowly: time.Duration(random(500)) * time.Millisecond}
		waits = append(waits, w.background(ctx, chain(fmt.Sprint("j", i), 25, 1+random(5), 1+random(6)), o))
		observers = append(observers, o)
	}
	others := []*standIn{}
	for range 40 {
		time.Sleep(time.Duration(random(4000)) * time.Millisecond)
		if len(others) < 4 {
			others = append(others, w.join(1+random(3)))
			continue
		}
		i := random(len(others))
		e := others[i]
		switch random(5) {
		case 0:
			e.kill()
			others = append(others[:i], others[i+1:]...)
		case 1:
			goOn := e.stop()
			time.Sleep(time.Duration(random(30)) * time.Second)
			goOn()
		case 2:
			e.reconnect(time.Duration(random(8000)) * time.Millisecond)
		case 3:
			safe.reconnect(time.Duration(random(4000)) * time.Millisecond)
		case 4:
			e.tell(&control.Report{Report: &control.Report_Draining{Draining: &control.Draining{}}})
			others = append(others[:i], others[i+1:]...)
		}
	}
	var errs []error
	for i, wait := range waits {
		if err := wait(); err != nil {
			errs = append(errs, err)
			continue
		}
		observers[i].check(t, 25)
	}
	w.end()
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("%v\n%s", err, w.log.String())
	}
}
