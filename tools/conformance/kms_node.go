package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	stdx509 "crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"sync"
	"time"

	"github.com/siderolabs/kms-client/api/kms"
	"github.com/siderolabs/talos/pkg/machinery/client/dialer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// A kmsOrder is one line of kms-node's input.
type kmsOrder struct {
	ID int `json:"id"`
	// Op is seal, unseal, load or stop.
	Op string `json:"op"`
	// Endpoints as in a machine config's `kms.endpoint`, tried one after the other while there is nobody who answers.
	Endpoints []string `json:"endpoints"`
	// CAFile is what `https://` endpoints are verified with.
	CAFile string `json:"caFile"`
	UUID   string `json:"uuid"`
	// Data is what to unseal, or to seal: 32 random bytes if it is not there.
	Data []byte `json:"data"`
	// Want is what a load's Unseals must give.
	Want []byte `json:"want"`
	// Callers of a load.
	Callers int `json:"callers"`
}

// A kmsReply is one line of its output.
type kmsReply struct {
	ID   int    `json:"id"`
	Code string `json:"code"`
	Text string `json:"text"`
	// Data is what the KMS answered, Key what it was asked to seal.
	Data []byte   `json:"data,omitempty"`
	Key  []byte   `json:"key,omitempty"`
	Ms   float64  `json:"ms"`
	Load *kmsLoad `json:"load,omitempty"`
}

// kmsKeySize and kmsTimeout are Talos's (internal/pkg/encryption/keys/kms.go).
const (
	kmsKeySize = 32
	kmsTimeout = 10 * time.Second
)

// kmsOrderSize holds a blob larger than any KMS takes.
const kmsOrderSize = 1 << 20

// kmsNode does what its standard input orders, all at once, and answers as each is done. A load runs until the next stop.
func kmsNode(ctx context.Context, _ []string) error {
	var (
		wait    sync.WaitGroup
		mu      sync.Mutex
		running *kmsLoad
	)

	encoder := json.NewEncoder(os.Stdout)
	reply := func(answer kmsReply) {
		mu.Lock()
		defer mu.Unlock()

		encoder.Encode(answer) //nolint:errcheck,errchkjson // whoever reads is gone: input ends too
	}

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, kmsOrderSize)

	for lines.Scan() {
		var order kmsOrder
		if err := json.Unmarshal(lines.Bytes(), &order); err != nil {
			return err
		}

		switch order.Op {
		case "seal", "unseal":
			wait.Go(func() { reply(carryOut(ctx, order)) })
		case "load":
			if running != nil {
				return errors.New("a load runs already")
			}

			load, err := startKMSLoad(ctx, order)
			if err != nil {
				return err
			}

			running = load

			reply(kmsReply{ID: order.ID, Code: codes.OK.String()})
		case "stop":
			if running == nil {
				return errors.New("no load runs")
			}

			running.stop()
			reply(kmsReply{ID: order.ID, Code: codes.OK.String(), Load: running})
			running = nil
		default:
			return fmt.Errorf("unknown op %q", order.Op)
		}
	}

	wait.Wait()

	return lines.Err()
}

// carryOut seals or unseals over connections of its own, as Talos does.
func carryOut(ctx context.Context, order kmsOrder) kmsReply {
	request, err := kmsRequest(order)
	if err != nil {
		return kmsReply{ID: order.ID, Code: codes.Unknown.String(), Text: err.Error()}
	}

	start := time.Now()

	var data []byte

	for _, endpoint := range order.Endpoints {
		if data, err = askKMS(ctx, endpoint, order.CAFile, order.Op, request); codeOf(err) != codes.Unavailable {
			break
		}
	}

	answer := kmsReply{ID: order.ID, Code: codeOf(err).String(), Data: data, Ms: float64(time.Since(start).Microseconds()) / 1000}
	if err != nil {
		answer.Text = status.Convert(err).Message()
	}

	if order.Op == "seal" {
		answer.Key = request.GetData()
	}

	return answer
}

func kmsRequest(order kmsOrder) (*kms.Request, error) {
	data := order.Data
	if data == nil && order.Op == "seal" {
		data = make([]byte, kmsKeySize)
		if _, err := rand.Read(data); err != nil {
			return nil, err
		}
	}

	return &kms.Request{NodeUuid: order.UUID, Data: data}, nil
}

func askKMS(ctx context.Context, endpoint, caFile, op string, request *kms.Request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, kmsTimeout)
	defer cancel()

	conn, err := dialKMS(endpoint, caFile)
	if err != nil {
		return nil, err
	}
	defer conn.Close()

	client := kms.NewKMSServiceClient(conn)

	call := client.Unseal
	if op == "seal" {
		call = client.Seal
	}

	response, err := call(ctx, request)
	if err != nil {
		return nil, err
	}

	return response.GetData(), nil
}

var urlScheme = regexp.MustCompile(`[a-zA-Z]+://`)

// dialKMS reads an endpoint and dials it as Talos does (internal/pkg/endpoint, internal/pkg/encryption/keys): no scheme
// and grpc:// are plaintext, all others TLS. Only the trusted CAs are the test's own.
func dialKMS(endpoint, caFile string) (*grpc.ClientConn, error) {
	if !urlScheme.MatchString(endpoint) {
		endpoint = "grpc://" + endpoint
	}

	parsed, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}

	host := parsed.Host
	if parsed.Port() == "" && parsed.Scheme == "https" {
		host += ":443"
	}

	trusted := func() *tls.Config { return &tls.Config{MinVersion: tls.VersionTLS12} }
	transport := insecure.NewCredentials()

	if parsed.Scheme != "grpc" {
		text, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}

		cas := stdx509.NewCertPool()
		if !cas.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", caFile)
		}

		trusted = func() *tls.Config { return &tls.Config{RootCAs: cas, MinVersion: tls.VersionTLS12} }
		transport = credentials.NewTLS(trusted())
	}

	return grpc.NewClient(host,
		grpc.WithTransportCredentials(transport),
		grpc.WithSharedWriteBuffer(true),
		grpc.WithContextDialer(dialer.DynamicProxyDialerWithTLSConfig(trusted)),
	)
}
