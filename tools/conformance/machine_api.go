package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"

	cosi "github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/impl/inmem"
	"github.com/cosi-project/runtime/pkg/state/impl/namespaced"
	"github.com/cosi-project/runtime/pkg/state/protobuf/server"
	"github.com/cosi-project/runtime/pkg/state/registry"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	configresource "github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"github.com/siderolabs/talos/pkg/machinery/version"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// A machineAPI is as much of a node's API as `talosctl patch machineconfig` asks: the machine config, and to take another.
type machineAPI struct {
	machineapi.UnimplementedMachineServiceServer
	host     string
	identity func() (*tls.Config, error)

	mu     sync.Mutex
	server *grpc.Server
	config []byte
	// taken are the configs that came from talosctl; changed: one came since takeChange was called.
	taken   [][]byte
	changed bool
	fault   fault
}

// A fault is what is wrong with a node.
type fault string

const (
	none fault = ""
	// unwilling lets nobody do anything.
	unwilling fault = "lets nobody in"
	// stranger does not know itself by the address that it is reached at, and passes no request on.
	stranger fault = "has another address"
	// choosy finds fault with each machine config that it gets, and repeats it.
	choosy fault = "takes no config"
	// stuck never answers.
	stuck fault = "hangs"
	// down does not even listen.
	down fault = "is down"
)

// serve answers at a listener until stop is called.
func (api *machineAPI) serve(listener net.Listener) {
	api.mu.Lock()
	defer api.mu.Unlock()

	creds := credentials.NewTLS(&tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return api.identity() },
	})
	api.server = grpc.NewServer(grpc.Creds(creds), grpc.UnaryInterceptor(api.admitUnary), grpc.StreamInterceptor(api.admitStream))

	machineapi.RegisterMachineServiceServer(api.server, api)
	cosi.RegisterStateServer(api.server, server.NewState(resources{config: api.current}))

	go api.server.Serve(listener)
}

func (api *machineAPI) stop() {
	api.mu.Lock()
	defer api.mu.Unlock()

	api.server.Stop()
}

func (api *machineAPI) admitUnary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := api.admit(ctx); err != nil {
		return nil, err
	}

	return next(ctx, request)
}

func (api *machineAPI) admitStream(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := api.admit(stream.Context()); err != nil {
		return err
	}

	return next(service, stream)
}

// admit lets in who may read and change a machine config, and passes nothing on to other nodes: as apid of a worker does.
func (api *machineAPI) admit(ctx context.Context) error {
	from, known := peer.FromContext(ctx)
	if !known {
		return status.Error(codes.Unauthenticated, "no peer")
	}

	info, shaken := from.AuthInfo.(credentials.TLSInfo)
	if !shaken || !slices.Contains(info.State.PeerCertificates[0].Subject.Organization, string(role.Admin)) {
		return status.Error(codes.PermissionDenied, "not authorized")
	}

	sent, _ := metadata.FromIncomingContext(ctx)
	for _, target := range append(sent.Get("node"), sent.Get("nodes")...) {
		if target != api.host || api.currentFault() == stranger {
			return status.Error(codes.PermissionDenied, "no request forwarding")
		}
	}

	switch api.currentFault() {
	case unwilling:
		return status.Error(codes.PermissionDenied, "not authorized")
	case stuck:
		<-ctx.Done()

		return ctx.Err()
	default:
		return nil
	}
}

func (api *machineAPI) current() []byte {
	api.mu.Lock()
	defer api.mu.Unlock()

	return api.config
}

func (api *machineAPI) currentFault() fault {
	api.mu.Lock()
	defer api.mu.Unlock()

	return api.fault
}

func (api *machineAPI) setFault(fault fault) {
	api.mu.Lock()
	defer api.mu.Unlock()

	api.fault = fault
}

// set replaces the machine config.
func (api *machineAPI) set(config []byte) {
	api.mu.Lock()
	defer api.mu.Unlock()

	api.config = config
}

// takeChange tells whether talosctl brought a config since it was asked last.
func (api *machineAPI) takeChange() bool {
	api.mu.Lock()
	defer api.mu.Unlock()

	changed := api.changed
	api.changed = false

	return changed
}

// Version is what talosctl compares with its own.
func (api *machineAPI) Version(context.Context, *emptypb.Empty) (*machineapi.VersionResponse, error) {
	return &machineapi.VersionResponse{Messages: []*machineapi.Version{{Version: version.NewVersion()}}}, nil
}

// ApplyConfiguration takes a whole machine config, without a reboot or not at all.
func (api *machineAPI) ApplyConfiguration(_ context.Context, request *machineapi.ApplyConfigurationRequest) (*machineapi.ApplyConfigurationResponse, error) {
	if api.currentFault() == choosy {
		return nil, status.Errorf(codes.InvalidArgument, "configuration validation failed: %s", request.Data)
	}

	if request.Mode != machineapi.ApplyConfigurationRequest_NO_REBOOT || request.DryRun {
		return nil, status.Error(codes.InvalidArgument, "only a node that is not rebooted keeps the rotation going")
	}

	if _, err := configloader.NewFromBytes(request.Data); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}

	api.mu.Lock()
	defer api.mu.Unlock()

	api.config, api.changed = request.Data, true
	api.taken = append(api.taken, request.Data)

	return &machineapi.ApplyConfigurationResponse{Messages: []*machineapi.ApplyConfiguration{{
		Mode: request.Mode, ModeDetails: "Applied configuration without a reboot",
	}}}, nil
}

// resources are a node's: the machine config alone, and what there is to know of its kind.
type resources struct {
	state.CoreState
	config func() []byte
}

// List is all that talosctl asks for.
func (r resources) List(ctx context.Context, kind resource.Kind, options ...state.ListOption) (resource.List, error) {
	provider, err := configloader.NewFromBytes(r.config())
	if err != nil {
		return resource.List{}, err
	}

	all := state.WrapCore(namespaced.NewState(inmem.Build))
	definitions := registry.NewResourceRegistry(all)

	if err := errors.Join(
		definitions.RegisterDefault(ctx),
		definitions.Register(ctx, configresource.NewMachineConfig(provider)),
		all.Create(ctx, configresource.NewMachineConfig(provider)),
		// What is on the disk; talosctl is to leave it alone.
		all.Create(ctx, configresource.NewMachineConfigWithID(provider, configresource.PersistentID)),
	); err != nil {
		return resource.List{}, err
	}

	return all.List(ctx, kind, options...)
}
