"""LLVM at our service: the machine we run on, and IR made into functions that can be called."""

import functools
from typing import Any

from adjoint.lazy import lazy

__all__ = ["Machine", "NativeCode", "machine"]

llvm = lazy("llvmlite.binding", extra="compile")


class Machine:
    """The processor that code is generated for."""

    def __init__(self) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features()
        self.cpu = llvm.get_host_cpu_name()
        self.features = features.flatten()
        if features.get("avx512f") and features.get("avx512dq") and features.get("avx512vl"):
            self.vector_bytes = 64
        else:
            self.vector_bytes = 32 if features.get("avx2") else 16
        self.has_ldexp = self.vector_bytes == 64 and llvm.llvm_version_info[0] >= 22

    def target(self) -> Any:
        """A code generator for it. Each compiled module takes one of its own."""
        return llvm.Target.from_default_triple().create_target_machine(
            cpu=self.cpu, features=self.features, opt=2, jit=True
        )


@functools.cache
def machine() -> Machine:
    """This computer's processor, looked up once."""
    return Machine()


class NativeCode:
    """Compiled functions. Their addresses are valid for as long as this object lives."""

    def __init__(self, source: str) -> None:
        target = machine().target()
        module = llvm.parse_assembly(source)
        module.triple = target.triple
        module.data_layout = str(target.target_data)
        optimize(module, target)
        self._source = source
        self._engine = llvm.create_mcjit_compiler(module, target)  # takes over both
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        return self._engine.get_function_address(name)

    def assembly(self) -> str:
        """The machine code, as text."""
        target = machine().target()
        module = llvm.parse_assembly(self._source)
        optimize(module, target)
        return target.emit_assembly(module)


def optimize(module: Any, target: Any) -> None:
    """The few passes that straight-line vector code gains from; LLVM's own sequences take ten times as long."""
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    passes.run(module, llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options()))
