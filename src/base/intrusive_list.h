// A doubly linked list whose links live in the elements: no allocation, O(1) removal by element.
// An element derives from ListNode<Tag>; it may sit in one list per Tag and leaves it when it is
// destroyed.
#pragma once

#include <cstddef>

#include "base/assert.h"

namespace baton {

template <typename Tag = void>
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  [[nodiscard]] bool is_linked() const { return next_ != this; }
  void unlink() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }

 private:
  template <typename T, typename U>
  friend class IntrusiveList;
  ListNode* previous_ = this;
  ListNode* next_ = this;
};

template <typename T, typename Tag = void>
class IntrusiveList {
 public:
  IntrusiveList() = default;
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (!empty()) head_.next_->unlink();
  }

  [[nodiscard]] bool empty() const { return head_.next_ == &head_; }
  void push_back(T& element) {
    ListNode<Tag>& node = element;
    BATON_ASSERT(!node.is_linked());
    node.previous_ = head_.previous_;
    node.next_ = &head_;
    head_.previous_->next_ = &node;
    head_.previous_ = &node;
  }
  // Null when empty.
  [[nodiscard]] T* front() { return empty() ? nullptr : static_cast<T*>(head_.next_); }
  [[nodiscard]] T* back() { return empty() ? nullptr : static_cast<T*>(head_.previous_); }
  T* pop_front() {
    T* element = front();
    if (element) static_cast<ListNode<Tag>*>(element)->unlink();
    return element;
  }
  // Moves all elements of `other` to the end of this list.
  void take_all(IntrusiveList& other) {
    if (other.empty()) return;
    other.head_.next_->previous_ = head_.previous_;
    head_.previous_->next_ = other.head_.next_;
    other.head_.previous_->next_ = &head_;
    head_.previous_ = other.head_.previous_;
    other.head_.next_ = other.head_.previous_ = &other.head_;
  }
  // `visit` may remove the element that it is given, no other.
  template <typename Visitor>
  void for_each(Visitor visit) {
    for (ListNode<Tag>* node = head_.next_; node != &head_;) {
      ListNode<Tag>* next = node->next_;
      visit(*static_cast<T*>(node));
      node = next;
    }
  }

 private:
  ListNode<Tag> head_;
};

}  // namespace baton
