"""The functions, in LLVM's language, that run the chunks of a kernel, `void kernel(table, chunk)`, in one thread or several.

`run_chunks` runs all chunks of a kernel. `take_chunks` does so together with other threads: it runs chunks as long as
there are any, then waits for those that others run. Its first counter is the next chunk to be taken, its second how
many are done.
"""

import os

__all__ = ["DRIVERS"]

PATIENCE = 2000  # how often a thread looks whether the others are done before it lets other work run in between

DRIVERS = """
define internal void @run_chunks(ptr %kernel, ptr %table, i64 %chunks) {
start:
  br label %work
work:
  %chunk = phi i64 [0, %start], [%next, %work]
  call void %kernel(ptr %table, i64 %chunk)
  %next = add i64 %chunk, 1
  %more = icmp slt i64 %next, %chunks
  br i1 %more, label %work, label %end
end:
  ret void
}

declare i32 @YIELD()

define internal void @take_chunks(ptr %kernel, ptr %table, ptr %counters, i64 %chunks) noinline {
start:
  %finished = getelementptr i64, ptr %counters, i64 1
  br label %take
take:
  %chunk = atomicrmw add ptr %counters, i64 1 seq_cst
  %more = icmp slt i64 %chunk, %chunks
  br i1 %more, label %work, label %wait
work:
  call void %kernel(ptr %table, i64 %chunk)
  %before = atomicrmw add ptr %finished, i64 1 seq_cst
  br label %take
wait:
  %looks = phi i64 [0, %take], [%looked, %rest]
  %done = load atomic i64, ptr %finished seq_cst, align 8
  %all = icmp sge i64 %done, %chunks
  br i1 %all, label %end, label %look
look:
  %looked = add i64 %looks, 1
  %impatient = icmp slt i64 %looked, PATIENCE
  br i1 %impatient, label %rest, label %yield
yield:
  %ignored = call i32 @YIELD()
  br label %rest
rest:
  br label %wait
end:
  ret void
}
""".replace("YIELD", "SwitchToThread" if os.name == "nt" else "sched_yield").replace("PATIENCE", str(PATIENCE))
