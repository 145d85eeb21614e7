"""Grad modes and inference mode: as blocks and as decorators, in threads, and what inference tensors may do."""

import asyncio
import inspect
import threading
from types import SimpleNamespace

import pytest

import adjoint

SAVED = "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode"
WRITTEN = "Inplace update to inference tensor outside InferenceMode is not allowed."


def test_blocks_and_functions(torch):
    enabled = torch.is_grad_enabled
    with torch.no_grad():
        assert not enabled()
        with torch.enable_grad():
            assert enabled()
        with torch.set_grad_enabled(True):
            assert enabled()
        assert not enabled()
    torch.set_grad_enabled(False)
    assert not enabled()
    torch.set_grad_enabled(True)
    assert enabled()


@pytest.mark.parametrize("name", ["no_grad", "enable_grad", "inference_mode"])
def test_an_exception_restores_the_mode(torch, name):
    before = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
    with pytest.raises(ZeroDivisionError), getattr(torch, name)():
        1 / 0  # noqa: B018
    assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == before


def test_one_object_serves_blocks_inside_one_another():  # PyTorch's leaves the mode off
    off = adjoint.no_grad()
    with off, off:
        pass
    assert adjoint.is_grad_enabled()
    with off:
        with off:
            pass
        assert not adjoint.is_grad_enabled()


def test_decorated_functions_and_methods(torch):
    class Model:
        @torch.no_grad()
        def first(self):
            """Documented."""
            return torch.is_grad_enabled()

        @torch.no_grad
        def second(self):
            return torch.is_grad_enabled()

        @torch.set_grad_enabled(False)
        def third(self):
            return torch.is_grad_enabled()

        @torch.inference_mode
        def fourth(self):
            return torch.is_inference_mode_enabled()

        @torch.inference_mode(mode=False)
        def fifth(self):
            return torch.is_inference_mode_enabled()

    model = Model()
    assert [model.first(), model.second(), model.third(), model.fourth(), model.fifth()] == [False] * 3 + [True, False]
    assert torch.is_grad_enabled()
    assert (Model.first.__name__, Model.first.__doc__) == ("first", "Documented.")


def test_a_decorated_generator_is_in_the_mode_only_while_it_runs(torch):
    seen = []

    @torch.no_grad()
    def steps():
        try:
            got = yield torch.is_grad_enabled()
            seen.append((got, torch.is_grad_enabled()))
            yield 1
        except ValueError:
            seen.append(("thrown", torch.is_grad_enabled()))
            yield 2
        finally:
            seen.append(("closed", torch.is_grad_enabled()))
        return 3

    def outer():
        return (yield from steps())

    running = outer()
    assert next(running) is False
    assert torch.is_grad_enabled()
    assert running.send("sent") == 1
    assert running.throw(ValueError) == 2
    with pytest.raises(StopIteration) as end:
        next(running)
    assert end.value.value == 3
    running = outer()
    next(running)
    running.close()
    assert torch.is_grad_enabled()
    assert seen == [("sent", False), ("thrown", False), ("closed", False), ("closed", False)]


def test_decorated_coroutines_and_asynchronous_generators():  # which PyTorch runs outside of the mode
    seen = []

    @adjoint.no_grad()
    async def compute(value):
        seen.append(adjoint.is_grad_enabled())
        await asyncio.sleep(0)
        seen.append(adjoint.is_grad_enabled())
        return value

    @adjoint.no_grad()
    async def count():
        for value in range(2):
            await asyncio.sleep(0)
            yield value, adjoint.is_grad_enabled()

    async def watch():
        for _ in range(4):
            seen.append(("outside", adjoint.is_grad_enabled()))
            await asyncio.sleep(0)

    async def main():
        values = await asyncio.gather(compute(1), watch(), compute(2))
        counted = []
        async for each in count():
            assert adjoint.is_grad_enabled()
            counted.append(each)
        return values, counted

    values, counted = asyncio.run(main())
    assert values == [1, None, 2]
    assert counted == [(0, False), (1, False)]
    assert [each for each in seen if isinstance(each, tuple)] == [("outside", True)] * 4
    assert [each for each in seen if not isinstance(each, tuple)] == [False] * 4
    assert inspect.iscoroutinefunction(compute)
    assert inspect.isasyncgenfunction(count)


def test_to_decorate_a_class_is_deprecated(torch):
    with pytest.warns(FutureWarning, match="Decorating classes is deprecated and will be disabled in future versions."):

        @torch.no_grad()
        class Model:
            def __init__(self):
                self.enabled = torch.is_grad_enabled()

    assert Model().enabled is False


def test_a_mode_belongs_to_its_thread(torch):
    seen = SimpleNamespace()

    def look():
        seen.enabled, seen.inference = torch.is_grad_enabled(), torch.is_inference_mode_enabled()

    with torch.inference_mode():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == SimpleNamespace(enabled=True, inference=False)


def test_modes_inside_inference_mode(torch):
    x = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == (False, True)
        with torch.enable_grad():
            y = x * 2
            assert torch.is_grad_enabled()
        assert (y.requires_grad, y.is_inference(), y.grad_fn) == (False, True, None)
        with torch.inference_mode(False):
            assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == (True, False)
            assert (x * 2).requires_grad
    with torch.no_grad(), torch.inference_mode(False):
        assert torch.is_grad_enabled()


def test_which_tensors_are_inference_tensors(torch):
    x = torch.ones(3, requires_grad=True)
    with torch.inference_mode():
        made = [torch.ones(2), torch.tensor([1.0]), x * 2, torch.zeros_like(x), torch.ones(2, requires_grad=True)]
        views = [x[:2], x.view(3, 1), x.detach()]
    assert [each.is_inference() for each in made] == [True] * 5
    assert [torch.is_inference(each) for each in views] == [False] * 3
    inside = made[0]
    assert [each.is_inference() for each in (inside[:1], inside.detach(), inside.data)] == [True] * 3
    assert [each.is_inference() for each in (inside + 1, inside.clone())] == [False] * 2


def test_what_an_inference_tensor_refuses(torch):
    x = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        y = torch.full((2,), 3.0)
        y.add_(1)
    for write in (lambda: y.add_(1), lambda: y.__setitem__(0, 1.0), lambda: torch.add(x.detach(), 1, out=y)):
        with pytest.raises(RuntimeError, match=WRITTEN):
            write()
    for use in (lambda: x * y, lambda: (x * 1).mul_(y), lambda: torch.where(x > 0, x, x) * y):
        with pytest.raises(RuntimeError, match=SAVED):
            use()
    with pytest.raises(RuntimeError, match=r"Inference tensors do not track version counter\."):
        _ = y._version
    with pytest.raises(RuntimeError, match="Setting requires_grad=True on inference tensor outside InferenceMode"):
        y.requires_grad_()
    x.grad = y
    with pytest.raises(RuntimeError, match=WRITTEN):
        x.sum().backward()


def test_what_an_inference_tensor_allows(torch):
    x = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        y = torch.full((2,), 3.0)
        leaf = torch.ones(2, requires_grad=True)
    (x + y).sum().backward()
    (x * y.clone()).sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]
    with torch.no_grad():
        assert (x * y).tolist() == [3.0, 3.0]
    (leaf * 2).sum().backward()
    assert leaf.grad.tolist() == [2.0, 2.0]
    assert (x * 1).copy_(y).tolist() == [3.0, 3.0]


def test_inference_mode_counts_writes_to_ordinary_tensors(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    with torch.inference_mode():
        x.add_(1)
        y.add_(1)
    assert (x._version, y._version, x.requires_grad, y.requires_grad) == (1, 1, True, True)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("set_grad_enabled", "set_grad_enabled"),
        ("set_multithreading_enabled", "set_multithreading_enabled"),
        ("_force_original_view_tracking", "set_view_replay_enabled"),
    ],
)
def test_a_switch_takes_a_truth_value(torch, name, function):
    message = rf"{function}\(\): argument 'enabled' \(position 1\) must be bool, not int"
    with pytest.raises(TypeError, match=message):
        getattr(torch.autograd, name)(1)


def test_how_set_grad_enabled_prints(torch):
    block = torch.set_grad_enabled(True)
    assert repr(block) == "torch.autograd.grad_mode.set_grad_enabled(mode=True)"
