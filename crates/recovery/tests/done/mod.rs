//! Work over twins, done at once.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// The twins never wait, so one poll is enough and no runtime is needed.
pub(crate) fn done<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a twin waited"),
    }
}
