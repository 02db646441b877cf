package main

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/siderolabs/kms-client/api/kms"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A kmsLoad is many callers over kept connections, half of them at each endpoint first. A call that finds nobody there
// turns to the next one, as behind a Service.
type kmsLoad struct {
	// Unsealed counts calls that were given the right key, and Calls all.
	Calls    int `json:"calls"`
	Unsealed int `json:"unsealed"`
	// Wrong counts answers that were OK and not the key. There must be none.
	Wrong int `json:"wrong"`
	// Failed are calls that no endpoint answered.
	Failed int `json:"failed"`
	// Attempts are those that failed, whether or not another endpoint helped.
	Attempts []kmsAttempt `json:"attempts"`

	mu      sync.Mutex
	wait    sync.WaitGroup
	stopped chan struct{}
	conns   []*grpc.ClientConn
}

// A kmsAttempt is one that failed. Times are milliseconds since 1970.
type kmsAttempt struct {
	Endpoint string  `json:"endpoint"`
	Code     string  `json:"code"`
	Text     string  `json:"text"`
	StartMs  float64 `json:"startMs"`
	EndMs    float64 `json:"endMs"`
}

// callersPerConnection makes calls share connections, so that the end of one meets several.
const callersPerConnection = 5

type kmsReplica struct {
	endpoint string
	client   kms.KMSServiceClient
}

func startKMSLoad(ctx context.Context, order kmsOrder) (*kmsLoad, error) {
	load := &kmsLoad{stopped: make(chan struct{}), Attempts: []kmsAttempt{}}
	request := &kms.Request{NodeUuid: order.UUID, Data: order.Data}

	var replicas []kmsReplica

	for number := range order.Callers {
		if number%callersPerConnection == 0 {
			var err error
			if replicas, err = load.dial(order); err != nil {
				load.close()

				return nil, err
			}
		}

		mine := replicas
		if number%2 == 1 {
			mine = append(append([]kmsReplica{}, replicas[1:]...), replicas[0])
		}

		load.wait.Go(func() {
			for !load.isStopped() {
				load.call(ctx, mine, request, order.Want)
			}
		})
	}

	return load, nil
}

func (l *kmsLoad) dial(order kmsOrder) ([]kmsReplica, error) {
	var replicas []kmsReplica

	for _, endpoint := range order.Endpoints {
		conn, err := dialKMS(endpoint, order.CAFile)
		if err != nil {
			return nil, err
		}

		l.conns = append(l.conns, conn)
		replicas = append(replicas, kmsReplica{endpoint, kms.NewKMSServiceClient(conn)})
	}

	return replicas, nil
}

func (l *kmsLoad) call(ctx context.Context, replicas []kmsReplica, request *kms.Request, want []byte) {
	var (
		err      error
		response *kms.Response
		attempts []kmsAttempt
	)

	for _, replica := range replicas {
		start := time.Now()
		response, err = once(ctx, replica.client, request)

		if err == nil {
			break
		}

		attempts = append(attempts, kmsAttempt{
			replica.endpoint, codeOf(err).String(), status.Convert(err).Message(), unixMs(start), unixMs(time.Now()),
		})

		if codeOf(err) != codes.Unavailable {
			break
		}
	}

	l.mu.Lock()
	defer l.mu.Unlock()

	l.Calls++
	l.Attempts = append(l.Attempts, attempts...)

	switch {
	case err != nil:
		l.Failed++
	case bytes.Equal(response.GetData(), want):
		l.Unsealed++
	default:
		l.Wrong++
	}
}

func once(ctx context.Context, client kms.KMSServiceClient, request *kms.Request) (*kms.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, kmsTimeout)
	defer cancel()

	return client.Unseal(ctx, request)
}

func (l *kmsLoad) isStopped() bool {
	select {
	case <-l.stopped:
		return true
	default:
		return false
	}
}

func (l *kmsLoad) stop() {
	close(l.stopped)
	l.wait.Wait()
	l.close()
}

func (l *kmsLoad) close() {
	for _, conn := range l.conns {
		conn.Close()
	}
}

func unixMs(at time.Time) float64 { return float64(at.UnixMicro()) / 1000 }
