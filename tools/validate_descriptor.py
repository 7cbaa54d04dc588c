"""Writes the descriptor of `buf/validate/validate.proto`, as the wheel protovalidate carries it, for protoc and buf."""

import sys
from pathlib import Path

from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
from protovalidate._gen.buf.validate import validate_pb


def main() -> None:
    """Entry point: one argument, the file to write the descriptor set to."""
    own = descriptor_pb2.FileDescriptorProto.FromString(validate_pb._DESC.proto.to_binary())
    files = [own]
    for module in (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2):
        files.append(descriptor_pb2.FileDescriptorProto())
        module.DESCRIPTOR.CopyToProto(files[-1])
    Path(sys.argv[1]).write_bytes(descriptor_pb2.FileDescriptorSet(file=files).SerializeToString())


if __name__ == "__main__":
    main()
