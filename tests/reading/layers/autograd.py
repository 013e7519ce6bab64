"""Layers as torch.autograd.Function; torch need not be installed to read them."""

import torch
import torch.nn.functional as F
from torch.autograd import Function


class Convolution(Function):
    @staticmethod
    def forward(ctx, x, w, stride, padding):
        ctx.save_for_backward(x, w)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(x, w, stride=stride, padding=padding)

    @staticmethod
    def backward(ctx, grad_output):
        x, w = ctx.saved_tensors
        dx = torch.nn.grad.conv2d_input(x.shape, w, grad_output, ctx.stride, ctx.padding)
        dw = torch.nn.grad.conv2d_weight(x, w.shape, grad_output, ctx.stride, ctx.padding)
        return dx, dw, None, None


class Unfolded(Function):
    @staticmethod
    def forward(ctx, x, w, s):
        ctx.save_for_backward(x, w)
        ctx.s = s
        n, _, high, wide = x.shape
        filters, _, k, m = w.shape
        out = w.view(filters, -1) @ F.unfold(x, (k, m), stride=s)
        return out.view(n, filters, (high - k) // s + 1, (wide - m) // s + 1)

    @staticmethod
    def backward(ctx, grad_output):
        x, w = ctx.saved_tensors
        n, _, high, wide = x.shape
        filters, _, k, m = w.shape
        g = grad_output.reshape(n, filters, -1)
        grad_w = torch.einsum("nfp,nqp->fq", g, F.unfold(x, (k, m), stride=ctx.s)).view(w.shape)
        grad_x = F.fold(torch.matmul(w.view(filters, -1).t(), g), (high, wide), (k, m), stride=ctx.s)
        return grad_x, grad_w, None
