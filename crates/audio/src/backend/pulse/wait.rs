//! Waits for a future on this thread, for a limited time.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Gives the future's output, or nothing when it is not there in time.
pub(crate) fn wait<F: Future>(future: F, patience: Duration) -> Option<F::Output> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let deadline = Instant::now() + patience;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        let left = deadline.checked_duration_since(Instant::now())?;
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given() {
        assert_eq!(wait(async { 7 }, Duration::from_secs(1)), Some(7));
    }

    #[test]
    fn an_answer_from_another_thread_wakes_it() {
        let (sender, receiver) = std::sync::mpsc::channel::<Waker>();
        let answered = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let answer = answered.clone();
        let thread = std::thread::spawn(move || {
            let waker = receiver.recv().expect("the future is polled");
            answer.store(true, std::sync::atomic::Ordering::SeqCst);
            waker.wake();
        });
        let future = std::future::poll_fn(|context| {
            if answered.load(std::sync::atomic::Ordering::SeqCst) {
                return Poll::Ready(());
            }
            let _ = sender.send(context.waker().clone());
            Poll::Pending
        });
        assert_eq!(wait(future, Duration::from_secs(60)), Some(()));
        thread.join().expect("the thread does not panic");
    }

    #[test]
    fn silence_ends_the_wait() {
        assert_eq!(
            wait(std::future::pending::<()>(), Duration::from_millis(10)),
            None
        );
    }
}
