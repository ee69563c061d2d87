//! ps: system threads, image and process notifications.
