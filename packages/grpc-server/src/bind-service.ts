import type { DescService } from "@bufbuild/protobuf";
import { createServiceImplSpec, type ServiceImpl, type ServiceImplSpec } from "@connectrpc/connect";

/** A service with its implementation, for `createGrpcServer`. Methods left out are answered Unimplemented. */
export function bindService<Service extends DescService>(
  service: Service,
  implementation: Partial<ServiceImpl<Service>>,
): ServiceImplSpec {
  // Connect's own function doesn't tie the two types together.
  return createServiceImplSpec<Service>(service, implementation);
}
