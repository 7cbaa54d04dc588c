"""Writes the descriptors of what our protos import and wheels carry, for protoc and buf: buf.validate, google.api."""

import sys
from pathlib import Path

from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
from protovalidate._gen.buf.validate import validate_pb


def main() -> None:
    """Entry point: one argument, the file to write the descriptor set to."""
    files = [descriptor_pb2.FileDescriptorProto.FromString(validate_pb._DESC.proto.to_binary())]
    for module in (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2, http_pb2, annotations_pb2):
        files.append(descriptor_pb2.FileDescriptorProto())
        module.DESCRIPTOR.CopyToProto(files[-1])
    Path(sys.argv[1]).write_bytes(descriptor_pb2.FileDescriptorSet(file=files).SerializeToString())


if __name__ == "__main__":
    main()
