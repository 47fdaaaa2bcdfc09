package main

import (
	sched "kallad/ballista/scheduler"
	"kallad/worker/recon"
)

// Executors implements api.Cluster.
func (c *cluster) Executors() []recon.ExecutorStatus {
	var list []recon.ExecutorStatus
	for _, e := range c.scheduler.Executors() {
		list = append(list, recon.ExecutorStatus{
			ID: e.ID, FlightAddress: e.Address, GRPCAddress: e.ControlAddress, Version: e.Version, State: memberStates[e.State],
			Slots: e.Slots, RunningTasks: e.Running, MemoryBytes: e.Memory, MemoryLimitBytes: e.MemoryLimit,
			JoinedAt: e.Joined, LastHeartbeatAt: e.Seen,
		})
	}
	return list
}

// memberStates are the states as callers know them: whoever is away gets no
// tasks, as if it were lost already.
var memberStates = map[sched.ExecutorState]recon.ExecutorState{
	sched.ExecutorReady: recon.ExecutorActive, sched.ExecutorAway: recon.ExecutorLost, sched.ExecutorDraining: recon.ExecutorDraining, sched.ExecutorLost: recon.ExecutorLost,
}
